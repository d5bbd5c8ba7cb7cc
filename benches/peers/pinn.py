"""Times a training step of the example's network beside the same step in JAX, on all cores that JAX takes.

Helmholtz, 1000 points inside and 400 on the boundary, tanh, AdamW in single precision. The example is
the program that users run; it trains on one thread. JAX has two versions, both jitted with donated buffers:

* "nested jvp": the second derivatives as one writes them, a jvp of a jvp along each coordinate, vmapped
* "stacked":    the example's own algorithm, value and derivatives carried forward in stacked matrices

Both must agree on loss and gradient. Then the sides take turns, and the fastest round of each counts.
"""

import argparse
import functools
import itertools
import json
import os
import pathlib
import platform
import subprocess
import tempfile
import time

os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import jax.numpy as jnp
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
MODES, SCALE = (1.0, 4.0), 10.0  # sin(pi x) sin(4 pi y); the residual is divided by 10


def draw(depth, width, interior, boundary):
    """Weights, points and targets."""
    rng = np.random.default_rng(0)
    sizes = [2] + depth * [width] + [1]
    layers = [
        (rng.standard_normal((i, o)).astype(np.float32) / np.float32(np.sqrt(i)), np.zeros(o, np.float32))
        for i, o in itertools.pairwise(sizes)
    ]
    inside = rng.uniform(-1, 1, (interior, 2))
    edge = rng.uniform(-1, 1, (boundary, 2))
    edge[np.arange(boundary), np.arange(boundary) % 2] = np.where(np.arange(boundary) % 4 < 2, -1, 1)
    solution = np.prod(np.sin(np.pi * inside * MODES), axis=1)
    wanted = (1 - np.pi**2 * (MODES[0] ** 2 + MODES[1] ** 2)) * solution
    single = [a.astype(np.float32) for a in (inside, edge, wanted)]
    return jax.tree.map(jnp.asarray, (layers, *single))


def network(layers, x):
    for w, b in layers[:-1]:
        x = jnp.tanh(x @ w + b)
    w, b = layers[-1]
    return x @ w + b


def laplacian_nested(layers, inside):
    """u and u_xx + u_yy by a jvp of a jvp."""

    def at(x):
        def u(x):
            return network(layers, x)[0]

        def second(direction):
            def slope(x):
                return jax.jvp(u, (x,), (direction,))[1]

            return jax.jvp(slope, (x,), (direction,))[1]

        return u(x), second(jnp.array([1.0, 0.0])) + second(jnp.array([0.0, 1.0]))

    return jax.vmap(at)(inside)


def laplacian_stacked(layers, inside):
    """The same with value, both first and both second derivatives in one matrix."""
    points = inside.shape[0]
    one = jnp.ones((points, 1)) * jnp.eye(2)[:, None, :]
    zero = jnp.zeros_like(inside)
    a = jnp.stack([inside, one[0], zero, one[1], zero])
    for w, b in layers[:-1]:
        z = jnp.reshape(a.reshape(5 * points, -1) @ w, (5, points, -1))
        t = jnp.tanh(z[0] + b)
        first = 1 - t * t
        bend = -2 * t * first
        a = jnp.stack([t] + [
            part
            for x in (1, 3)
            for part in (first * z[x], bend * z[x] ** 2 + first * z[x + 1])
        ])
    w, b = layers[-1]
    u = jnp.reshape(a.reshape(5 * points, -1) @ w, (5, points))
    return u[0] + b[0], u[2] + u[4]


def loss(laplacian, layers, inside, edge, wanted):
    u, curvature = laplacian(layers, inside)
    residual = (curvature + u - wanted) / SCALE
    return jnp.mean(residual**2) + jnp.mean(network(layers, edge) ** 2)


def adamw(layers, state, gradient, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8, decay=0.01):
    steps, m, v = state
    steps = steps + 1
    m = jax.tree.map(lambda m, g: b1 * m + (1 - b1) * g, m, gradient)
    v = jax.tree.map(lambda v, g: b2 * v + (1 - b2) * g * g, v, gradient)

    def move(w, m, v):
        return w * (1 - lr * decay) - lr * (m / (1 - b1**steps)) / (jnp.sqrt(v / (1 - b2**steps)) + eps)

    return jax.tree.map(move, layers, m, v), (steps, m, v)


class Jax:
    """A jitted training step."""

    def __init__(self, laplacian, start):
        layers, *self.data = start
        gradient = jax.value_and_grad(functools.partial(loss, laplacian))
        zeros = jax.tree.map(jnp.zeros_like, layers)
        self.first = jax.jit(gradient)(layers, *self.data)
        self.layers = jax.tree.map(jnp.array, layers)
        self.state = (jnp.float32(0), zeros, jax.tree.map(jnp.zeros_like, layers))

        def step(layers, state, *data):
            value, g = gradient(layers, *data)
            return value, *adamw(layers, state, g)

        self.step = jax.jit(step, donate_argnums=(0, 1))

    def seconds(self, steps):
        begin = time.perf_counter()
        for _ in range(steps):
            _, self.layers, self.state = self.step(self.layers, self.state, *self.data)
        jax.block_until_ready(self.layers)
        return (time.perf_counter() - begin) / steps


class Example:
    """The example's program, which tells its own seconds a step."""

    def __init__(self, size):
        self.program = TARGET / "release" / "pinn"
        pairs = dict(size, jobs=1, records=1, resample=0, method="none", grid=2)
        self.options = [f"--{key.replace('_', '-')}={value}" for key, value in pairs.items()]

    def seconds(self, steps):
        with tempfile.TemporaryDirectory() as folder:
            command = [self.program, *self.options, f"--steps={steps}", "--no-pictures", f"--out={folder}"]
            subprocess.run(command, check=True, capture_output=True)
            report = json.loads(pathlib.Path(folder, "report.json").read_text())
        return report["runs"][0]["milliseconds_per_step"] / 1e3


def check(sides):
    """Both versions in JAX compute the same loss and gradient."""
    (loss_a, gradient_a), (loss_b, gradient_b) = (side.first for side in sides)
    np.testing.assert_allclose(loss_a, loss_b, rtol=1e-4)
    for a, b in zip(jax.tree.leaves(gradient_a), jax.tree.leaves(gradient_b)):
        np.testing.assert_allclose(a, b, rtol=1e-2, atol=1e-3 * float(jnp.abs(a).max()))


def race(depth, width, rounds, steps):
    start = draw(depth, width, 1000, 400)
    nested, stacked = Jax(laplacian_nested, start), Jax(laplacian_stacked, start)
    check([nested, stacked])
    size = {"depth": depth, "width": width, "interior_points": 1000, "boundary_points": 400}
    sides = [Example(size), nested, stacked]
    for side in sides:
        side.seconds(3)
    best = [float("inf")] * 3
    for _ in range(rounds):
        best = [min(seconds, side.seconds(steps)) for seconds, side in zip(best, sides)]
    return [1e3 * seconds for seconds in best]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--steps", type=int, default=100, help="in a round")
    options = parser.parse_args()
    build = ["cargo", "build", "--release", "--locked", "-p", "pinn", "--target-dir", str(TARGET)]
    subprocess.run(build, check=True, cwd=ROOT)
    print(f"jax {jax.__version__}, {platform.machine()}, {os.cpu_count()} cores; milliseconds a step")
    print("| depth | width | example, 1 thread | JAX, nested jvp | JAX, stacked | example / the faster JAX |")
    print("|--:|--:|--:|--:|--:|--:|")
    for depth in (4, 16):
        ours, nested, stacked = race(depth, 40, options.rounds, options.steps)
        ratio = ours / min(nested, stacked)
        print(f"| {depth} | 40 | {ours:.2f} | {nested:.2f} | {stacked:.2f} | {ratio:.2f} |", flush=True)


if __name__ == "__main__":
    main()
