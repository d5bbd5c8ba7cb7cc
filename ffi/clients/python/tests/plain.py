"""The three methods in plain jax.numpy, from the formulas of their papers, and helpers that tests share.

Nothing here calls trimtab. Everything is computed in f64 where 64-bit types are switched on.
"""

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np

# How far a result may lie from the exact one, in units of the largest element of its tensor: two roundings of f32
# (of the factor and of the product) and one of the 16-bit types; f64 sums lose (mean/std)^2 ulps.
TOLERANCE = {"float32": 4 * 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7, "float64": 1e-10}
# Below their normal numbers: the distance from one to the next.
SMALLEST = {"float32": 2.0**-149, "float16": 2.0**-24, "bfloat16": 2.0**-133, "float64": 0.0}
DTYPES = ["float32", "float16", "bfloat16", "float64"]


def x64(on=True):
    """64-bit types for a while; named differently before jax 0.8."""
    if hasattr(jax, "enable_x64"):
        return jax.enable_x64(on)
    from jax.experimental import enable_x64

    return enable_x64(on)


def dtype_of(name):
    """NumPy's, or ml_dtypes'."""
    return np.dtype(ml_dtypes.bfloat16 if name == "bfloat16" else name)


def stable_grad(grads, weights, reference, eps=0.0):
    """g * reference / (std(g) + eps) for weights of two elements and more."""

    def one(g, weight):
        if not weight or g.size < 2:
            return g
        std = jnp.std(g, ddof=1)
        return jnp.where(std > 0, g * (reference / jnp.where(std > 0, std + eps, 1.0)), g)

    return [one(g, weight) for g, weight in zip(grads, weights, strict=True)]


def gradient_stabilizer(grads, state, gamma1=0.6, gamma2=0.999, eps=1e-12, bias_correction=True, scope="tensor"):
    """State: (m, v, steps, skipped), arrays of one entry a tensor, or one in all."""
    squares = jnp.stack([jnp.sum(g * g) for g in grads])
    norm = jnp.sqrt(squares if scope == "tensor" else jnp.sum(squares)[None])
    m, v, steps, skipped = state
    moved = norm > 0
    steps = steps + moved
    m = jnp.where(moved, gamma1 * m + (1 - gamma1) * norm, m)
    v = jnp.where(moved, gamma2 * v + (1 - gamma2) * norm**2, v)
    t = jnp.maximum(steps, 1)
    mh = m / (1 - gamma1**t) if bias_correction else m
    vh = v / (1 - gamma2**t) if bias_correction else v
    factor = jnp.where(moved, mh / (jnp.sqrt(vh) + eps) / jnp.maximum(norm, eps), 1.0)
    factors = [factor[i if scope == "tensor" else 0] for i in range(len(grads))]
    new = [g * f for g, f in zip(grads, factors, strict=True)]
    return new, (m, v, steps, skipped + ~moved)


def stabilizer_state(n):
    """Before the first step."""
    return jnp.zeros(n), jnp.zeros(n), jnp.zeros(n, int), jnp.zeros(n, int)


def autoscale(grads, weights, state):
    """State: (exponent, sigma, alpha, steps)."""
    exponent, _, _, steps = state
    centered = [g - jnp.mean(g) if w else g for g, w in zip(grads, weights, strict=True)]
    of_weights = [g for g, w in zip(centered, weights, strict=True) if w]
    count = sum(g.size for g in of_weights)
    sigma = jnp.sqrt(sum(jnp.sum(g * g) for g in of_weights) / (count - 1))
    b = jnp.log1p(sigma)
    exponent = jnp.where(steps == 0, 1 / (1 + jnp.abs(jnp.log(b))), exponent)
    alpha = jnp.minimum(1.0, b**exponent)
    new = [alpha * g if w else g for g, w in zip(centered, weights, strict=True)]
    return new, (exponent, sigma, alpha, steps + 1)


def assert_close(actual, exact, dtype, what=""):
    """Within the tolerance of the dtype, relative to the largest element."""
    actual, exact = np.asarray(actual, np.float64), np.asarray(exact, np.float64)
    assert actual.shape == exact.shape, what
    bound = max(TOLERANCE[dtype] * np.max(np.abs(exact), initial=0.0), SMALLEST[dtype])
    np.testing.assert_allclose(actual, exact, rtol=0, atol=bound, err_msg=what)


def draw(dtype, shapes, seed=0, scale=1.0):
    """Gradients with means of their own, whose sizes differ by up to 100, already rounded to dtype."""
    random = np.random.default_rng(seed)
    sizes = scale * 10.0 ** random.uniform(-1, 1, len(shapes))
    made = [s * (random.normal(size=shape) + 0.3) for s, shape in zip(sizes, shapes, strict=True)]
    return [np.asarray(array).astype(dtype_of(dtype)) for array in made]
