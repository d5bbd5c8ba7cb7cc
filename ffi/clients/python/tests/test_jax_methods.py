"""The transformations against plain jax.numpy, jitted and not, and against the NumPy interface to the bit."""

import jax
import jax.numpy as jnp
import numpy as np
import plain
import pytest

import trimtab
import trimtab.numpy as tn

SHAPES = {"w1": (6, 5), "b1": (6,), "w2": (2, 3, 4), "scalar": ()}
ORDER = sorted(SHAPES)  # JAX sorts the keys of dicts.
WEIGHTS = [len(SHAPES[name]) >= 2 for name in ORDER]
REFERENCE = 0.375  # Exact in f32.
# dtype, and whether 64-bit types are switched on; without them there is no f64.
KINDS = [(dtype, x64) for dtype in plain.DTYPES for x64 in (False, True) if x64 or dtype != "float64"]


def tree(dtype, seed):
    """Gradients as a dict of NumPy arrays; the same numbers for every caller."""
    return dict(zip(ORDER, plain.draw(dtype, [SHAPES[name] for name in ORDER], seed), strict=True))


def listed(grads):
    return [np.asarray(grads[name]) for name in ORDER]


def run(tx, dtype, jitted, steps=4, **extra):
    """The gradients after every step, and the last state."""
    update = jax.jit(tx.update) if jitted else tx.update
    state = tx.init(jax.tree.map(jnp.asarray, tree(dtype, 0)))
    found = []
    for seed in range(steps):
        grads, state = update(jax.tree.map(jnp.asarray, tree(dtype, seed)), state, **extra)
        found.append(jax.device_get(grads))
    return found, state


def exact(dtype, seed):
    """The same gradients in f64, for the plain formulas."""
    return [jnp.asarray(array, jnp.float64) for array in listed(tree(dtype, seed))]


@pytest.mark.parametrize("jitted", [False, True])
@pytest.mark.parametrize("dtype, x64", KINDS)
class TestAgainstPlainJax:
    def compare(self, dtype, found, expected):
        for step, (grads, plainly) in enumerate(zip(found, expected, strict=True)):
            for name, array in zip(ORDER, plainly, strict=True):
                assert grads[name].dtype.name == dtype
                plain.assert_close(grads[name], array, dtype, f"step {step}, {name}")

    @pytest.mark.parametrize("options", [{}, {"eps": 0.25}, {"roles": "all"}])
    def test_stable_grad(self, dtype, x64, jitted, options):
        with plain.x64(x64):
            found, _ = run(trimtab.stable_grad(**options), dtype, jitted, reference=REFERENCE)
        weights = [True] * 4 if options.get("roles") == "all" else WEIGHTS
        with plain.x64():
            eps = options.get("eps", 0.0)
            expected = [
                jax.jit(plain.stable_grad, static_argnums=1)(exact(dtype, seed), tuple(weights), REFERENCE, eps)
                for seed in range(4)
            ]
            self.compare(dtype, found, expected)

    @pytest.mark.parametrize(
        "options",
        [{}, {"scope": "global"}, {"bias_correction": False}, {"gamma1": 0.75, "gamma2": 0.875, "eps": 0.5}],
    )
    def test_gradient_stabilizer(self, dtype, x64, jitted, options):
        with plain.x64(x64):
            found, state = run(trimtab.gradient_stabilizer(**options), dtype, jitted)
            norms = state.read()["norms"]
        with plain.x64():
            expected = []
            memory = plain.stabilizer_state(1 if options.get("scope") == "global" else 4)
            for seed in range(4):
                grads, memory = plain.gradient_stabilizer(exact(dtype, seed), memory, **options)
                expected.append(grads)
            self.compare(dtype, found, expected)
            for field, values in zip(("m", "v", "steps", "skipped"), memory, strict=True):
                np.testing.assert_allclose(norms[field].astype(float), values, rtol=1e-12, atol=0)

    def test_autoscale(self, dtype, x64, jitted):
        with plain.x64(x64):
            found, state = run(trimtab.autoscale(), dtype, jitted)
            scale = state.read()["scale"]
        with plain.x64():
            expected, memory = [], (jnp.zeros(()), jnp.zeros(()), jnp.zeros(()), jnp.zeros((), int))
            for seed in range(4):
                grads, memory = plain.autoscale(exact(dtype, seed), WEIGHTS, memory)
                expected.append(grads)
            self.compare(dtype, found, expected)
            for field, value in zip(("exponent", "sigma", "alpha", "steps"), memory, strict=True):
                np.testing.assert_allclose(float(scale[field]), float(value), rtol=1e-12, atol=0)


def in_numpy(method, dtype, steps=4):
    """The same through trimtab.numpy: gradients of every step, and the bytes of the state."""
    held = trimtab._structs.METHODS[method].state
    several = 4 if held is not None and held.count != "one" else ()
    state = np.zeros(several, trimtab._structs.GUARD_STATE if held is None else getattr(tn, held.layout))
    found = []
    for seed in range(steps):
        arrays = listed(tree(dtype, seed))
        grads = tn.Gradients(arrays)
        grads.observe()
        getattr(grads, method)(REFERENCE if method == "stable_grad" else state)
        grads.apply()
        found.append(arrays)
    return found, state.tobytes()


@pytest.mark.parametrize("jitted", [False, True])
@pytest.mark.parametrize("dtype, x64", KINDS)
@pytest.mark.parametrize("method", trimtab.jax._transformations.__all__)
def test_the_bits_are_those_of_the_c_library(method, dtype, x64, jitted):
    expected, state_bytes = in_numpy(method, dtype)
    with plain.x64(x64):
        extra = {"reference": REFERENCE} if method == "stable_grad" else {}
        found, state = run(getattr(trimtab, method)(), dtype, jitted, **extra)
    for grads, arrays in zip(found, expected, strict=True):
        for name, array in zip(ORDER, arrays, strict=True):
            assert np.asarray(grads[name]).tobytes() == array.tobytes(), name
    if method != "stable_grad":
        assert np.asarray(state[0]).tobytes() == state_bytes


def test_a_number_that_python_knows_keeps_its_64_bits():
    grads = {"w": np.float32([[1, 2], [3, 4]])}
    array = grads["w"].copy()
    ours = tn.Gradients([array])
    ours.observe()
    ours.stable_grad(0.1)  # 0.1 is not an f32.
    ours.apply()
    with plain.x64(False):
        tx = trimtab.stable_grad(0.1)
        found, _ = jax.jit(tx.update)(jax.tree.map(jnp.asarray, grads), tx.init(grads))
    assert np.asarray(found["w"]).tobytes() == array.tobytes()


@pytest.mark.parametrize("kind", ["float32", "float64", "bfloat16", "float16", "int32", "int8", "python", "numpy"])
def test_a_reference_may_be_any_real_scalar(kind):
    makers = {"python": float, "numpy": np.float64}
    with plain.x64():
        reference = makers.get(kind, lambda x: jnp.asarray(x, plain.dtype_of(kind)))(2)
        tx = trimtab.stable_grad()
        grads = {"w": jnp.array([[1.0, 2.0], [3.0, 4.0]])}
        for update in (tx.update, jax.jit(tx.update)):
            new, _ = update(grads, tx.init(grads), reference=reference)
            np.testing.assert_allclose(np.std(new["w"], ddof=1), 2.0)
