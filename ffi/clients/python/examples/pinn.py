"""A deep physics-informed network in JAX: -u'' = f on [0, 1], whose solution is u = sin(3 pi x).

    python ffi/clients/python/examples/pinn.py [--steps 1500] [--depth 12] [--seed 0]

Hidden layers of 32 tanh, collocation points drawn anew at every step, AdamW: alone, behind StableGrad, and behind
optax's clipping by global norm, which belongs into any such comparison. StableGrad gives every weight gradient the
standard deviation of the prediction's: here that of the loss's gradient with respect to u and u'' together, which costs
nothing, because the backward pass goes through it anyway.
"""

import argparse
import itertools
import math
import time

import jax
import jax.numpy as jnp
import optax

import trimtab

WIDTH, POINTS = 32, 128
K = 3 * math.pi


def init(key, depth):
    """Weights of the standard deviation that goes with StableGrad, biases of zero."""
    sizes = [1] + [WIDTH] * depth + [1]
    layers = []
    for fan_in, fan_out in itertools.pairwise(sizes):
        key, now = jax.random.split(key)
        std = trimtab.init_std("tanh", fan_in)
        layers.append({"w": std * jax.random.normal(now, (fan_in, fan_out)), "b": jnp.zeros(fan_out)})
    return layers


def network(layers, x):
    """u(x) for one point."""
    h = x[None]
    for layer in layers[:-1]:
        h = jnp.tanh(h @ layer["w"] + layer["b"])
    return (h @ layers[-1]["w"] + layers[-1]["b"])[0]


def derivatives(layers, x):
    """The prediction at every point: u and u''."""

    def u(x):
        return network(layers, x)

    return jax.vmap(lambda x: (u(x), jax.jvp(jax.grad(u), (x,), (1.0,))[1]))(x)


def loss_of(prediction, x):
    """Mean squared residual inside, in units of f's amplitude, and error at the two ends, which come first."""
    u, u_xx = prediction
    residual = u_xx / K**2 + jnp.sin(K * x)
    return jnp.mean(residual[2:] ** 2) + jnp.mean((u[:2] - jnp.sin(K * x[:2])) ** 2)


def make_step(tx):
    """One step of training, compiled."""

    @jax.jit
    def step(layers, state, key):
        inside = jax.random.uniform(key, (POINTS,))
        x = jnp.concatenate([jnp.array([0.0, 1.0]), inside])
        prediction, pull_back = jax.vjp(lambda layers: derivatives(layers, x), layers)
        loss, dy = jax.value_and_grad(loss_of)(prediction, x)
        (grads,) = pull_back(dy)
        reference = jnp.std(jnp.concatenate(dy), ddof=1)
        updates, state = tx.update(grads, state, layers, reference=reference)
        return optax.apply_updates(layers, updates), state, loss

    return step


def error(layers):
    """Relative L2 error against the exact solution."""
    x = jnp.linspace(0.0, 1.0, 501)
    exact = jnp.sin(K * x)
    u = jax.vmap(lambda x: network(layers, x))(x)
    return float(jnp.linalg.norm(u - exact) / jnp.linalg.norm(exact))


def train(method, steps, depth, seed=0):
    """The relative error after training."""
    schedule = optax.cosine_decay_schedule(3e-3, steps)
    tx = optax.chain(method, optax.adamw(schedule, weight_decay=0.0))
    key, now = jax.random.split(jax.random.key(seed))
    layers = init(now, depth)
    state, step = tx.init(layers), make_step(tx)
    for _ in range(steps):
        key, now = jax.random.split(key)
        layers, state, _ = step(layers, state, now)
    return error(layers)


def main():
    """Trains with each and prints the errors."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--depth", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    methods = {
        "AdamW alone": optax.identity(),
        "StableGrad": trimtab.stable_grad(),
        "clip at 1": optax.clip_by_global_norm(1.0),
    }
    for name, method in methods.items():
        start = time.perf_counter()
        result = train(method, arguments.steps, arguments.depth, arguments.seed)
        print(f"{name:12} relative error {result:.1e}, {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
