"""Times torch and optax beside trimtab on the same work, and prints one table.

One thread each. Every work is first checked: all sides must agree on the result. Then the sides take
turns (A B C A B C), and the fastest sample of each counts.
"""

import datetime
import os
import platform
import time

os.environ["OMP_NUM_THREADS"] = "1"
if hasattr(os, "sched_setaffinity"):  # XLA takes all cores it sees.
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

import numpy as np  # noqa: E402

import library  # noqa: E402
import optax_side  # noqa: E402
import torch_side  # noqa: E402

SHAPES = {
    "20 x 64x64": (20, (64, 64)),
    "2000 x 512": (2000, (512,)),
    "10 x 1 M": (10, (1 << 20,)),
}
ROUNDS, SAMPLE_SECONDS = 60, 0.002


def arrays(shape, seed):
    rng = np.random.default_rng(seed)
    count, size = SHAPES[shape]
    return [rng.standard_normal(size, dtype=np.float32) for _ in range(count)]


def calls_for(work):
    """How many calls fill a sample."""
    calls = 1
    while True:
        start = time.perf_counter()
        for _ in range(calls):
            work()
        if time.perf_counter() - start > SAMPLE_SECONDS:
            return calls
        calls *= 2


def race(works):
    """Seconds a call, the best of ROUNDS samples, taken in turns."""
    calls = {name: calls_for(work) for name, work in works.items()}
    best = dict.fromkeys(works, float("inf"))
    for _ in range(ROUNDS):
        for name, work in works.items():
            start = time.perf_counter()
            for _ in range(calls[name]):
                work()
            best[name] = min(best[name], (time.perf_counter() - start) / calls[name])
    return best


def agree(ours, theirs, what):
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=2e-6, err_msg=what)


def check_clip(lib, gradients, params):
    """Two steps of clip + AdamW, on all sides."""
    sides = [library.Network(lib, gradients, params), torch_side.Network(gradients, params)]
    sides.append(optax_side.Network(gradients, params))
    for _ in range(2):
        for side in sides:
            side.clip_adamw()
    agree(sides[0].params, sides[1].results(), "torch")
    agree(sides[0].params, sides[2].results(), "optax")


def check_stabilizer(lib, gradients, params):
    """Three steps of GradientStabilizer on growing gradients."""
    ours, theirs = library.Network(lib, gradients, params), torch_side.Network(gradients, params)
    for factor in (1, 3, 10):
        for a, b, gradient in zip(ours.gradients, theirs.params, gradients):
            a[...] = factor * gradient
            b.grad.numpy()[...] = factor * gradient
        ours.gradient_stabilizer()
        theirs.gradient_stabilizer()
    agree(ours.gradients, [param.grad.numpy() for param in theirs.params], "stabilizer")


def row(work, seconds, target=None):
    ours = seconds["trimtab"]

    def cell(name):
        if name not in seconds:
            return "| | "
        return f"| {1e6 * seconds[name]:.1f} us | {seconds[name] / ours:.1f} x "

    ratio = seconds["torch"] / ours
    verdict = "" if target is None else f">= {target} x torch: {'hit' if ratio >= target else 'MISS'}"
    print(f"| {work} | {1e6 * ours:.1f} us {cell('torch')}{cell('optax')}| {verdict} |", flush=True)


def race_steps(lib, shape, targets):
    gradients, params = arrays(shape, 1), arrays(shape, 2)
    check_clip(lib, gradients, params)
    ours = library.Network(lib, gradients, params)
    clipped = library.Network(lib, gradients, params)
    torch_net = torch_side.Network(gradients, params)
    optax_net = optax_side.Network(gradients, params)
    seconds = race(
        {
            "trimtab": ours.stable_grad_adamw,
            "clipped": clipped.clip_adamw,
            "torch": torch_net.clip_adamw,
            "optax": optax_net.clip_adamw,
        }
    )
    row(f"StableGrad + AdamW (peers: clip + AdamW), {shape}", seconds, targets.get(shape))
    row(f"clip + AdamW, {shape}", {**seconds, "trimtab": seconds["clipped"]})


def race_stabilizer(lib, shape, target):
    gradients, params = arrays(shape, 1), arrays(shape, 2)
    check_stabilizer(lib, gradients, params)
    # Norm 1 stays: other gradients shrink from call to call until there is nothing to do.
    gradients = [gradient / np.linalg.norm(gradient) for gradient in gradients]
    ours, theirs = library.Network(lib, gradients, params), torch_side.Network(gradients, params)
    seconds = race({"trimtab": ours.gradient_stabilizer, "torch": theirs.gradient_stabilizer})
    for norm, gradient in zip(ours.norms, theirs.params):
        assert norm.skipped == 0 and 0.99 < gradient.grad.norm() < 1.01
    row(f"GradientStabilizer, {shape}", seconds, target)


def main():
    lib = library.Library()
    print(f"{datetime.date.today()}, {platform.machine()}, Python {platform.python_version()}, one thread each")
    print(f"trimtab {lib.version()}, torch {torch_side.version()}, optax {optax_side.version()}\n")
    print("| work | trimtab | torch | | optax | | target |\n|---|---|---|---|---|---|---|")
    race_stabilizer(lib, "20 x 64x64", 50)
    for shape in SHAPES:
        race_steps(lib, shape, {"20 x 64x64": 20, "10 x 1 M": 1.2})


if __name__ == "__main__":
    main()
