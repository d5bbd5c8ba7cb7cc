"""Gradients that are not finite, machines that are no CPU, and programs without JAX."""

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import plain
import pytest

import trimtab

FAILURES = (ValueError, jax.errors.JaxRuntimeError)  # JAX raises either, see the README.
METHODS = {
    "stable_grad": lambda **options: trimtab.stable_grad(0.5, **options),
    "gradient_stabilizer": trimtab.gradient_stabilizer,
    "autoscale": trimtab.autoscale,
}


def good():
    return {"w": jnp.array([[1.0, 2.0], [3.0, 5.0]]), "z": jnp.array([[4.0, 1.0]])}


def bad(value=jnp.nan):
    return {**good(), "w": good()["w"].at[1, 0].set(value)}


def counts(state):
    return state.read()["guard"].tolist()


@pytest.mark.parametrize("jitted", [False, True])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("value", [jnp.nan, jnp.inf])
class TestNonFinite:
    def update(self, tx, jitted):
        return jax.jit(tx.update) if jitted else tx.update

    def test_raises_and_names_the_leaf(self, method, jitted, value):
        tx = METHODS[method]()
        with pytest.raises(FAILURES, match=rf"trimtab.{method}: gradient \['w'\]: a gradient holds NaN"):
            jax.block_until_ready(self.update(tx, jitted)(bad(value), tx.init(good())))

    def test_skip_gives_zeros_and_counts(self, method, jitted, value):
        tx = METHODS[method](nonfinite="skip")
        update = self.update(tx, jitted)
        _, state = update(good(), tx.init(good()))
        updates, after = update(bad(value), state)
        assert all(not np.any(leaf) for leaf in jax.tree.leaves(updates))
        assert counts(after) == (1, 1)
        if method != "stable_grad":
            assert np.array_equal(after[0], state[0]), "the method's own state stays"
        _, after = update(bad(value), after)
        assert counts(after) == (2, 2)
        _, after = update(good(), after)
        assert counts(after) == (0, 2)

    def test_zero_silences_the_leaf_and_goes_on(self, method, jitted, value):
        tx = METHODS[method](nonfinite="zero")
        updates, after = self.update(tx, jitted)(bad(value), tx.init(good()))
        assert not np.any(updates["w"]) and np.any(updates["z"])
        assert counts(after) == (1, 1)


def test_a_skipped_step_asks_no_reference_of_its_last_layer():
    tx = trimtab.stable_grad("last-layer", nonfinite="skip")
    grads = {**good(), "z": jnp.array([[jnp.nan, 1.0]])}
    updates, after = jax.jit(tx.update)(grads, tx.init(good()))
    assert all(not np.any(leaf) for leaf in jax.tree.leaves(updates))
    assert counts(after) == (1, 1)


def test_a_damaged_state_names_its_leaf():
    tx = trimtab.gradient_stabilizer()
    state = tx.init(good())
    damaged = state._replace(norms=state.norms.at[1].set(0xFFFFFFFF))
    with pytest.raises(FAILURES, match=r"gradient \['z'\]: a state holds values that no call can have left there"):
        jax.block_until_ready(jax.jit(tx.update)(good(), damaged))


def test_too_many_bad_steps_in_a_row_fail():
    tx = trimtab.autoscale(nonfinite="skip", max_consecutive=3)
    state, update = tx.init(good()), jax.jit(tx.update)
    for _ in range(2):
        _, state = update(bad(), state)
    with pytest.raises(FAILURES, match=r"trimtab\.autoscale: too many steps in a row"):
        jax.block_until_ready(update(bad(), state))


@pytest.mark.parametrize("reference", [0.0, -1.0, float("nan"), float("inf")])
def test_a_traced_reference_that_cannot_be_is_refused(reference):
    tx = trimtab.stable_grad()
    update = jax.jit(lambda g, s, r: tx.update(g, s, reference=r))
    with pytest.raises(FAILURES, match="the reference must be finite and greater than 0"):
        jax.block_until_ready(update(good(), tx.init(good()), reference))


def test_a_constant_last_layer_is_refused_as_a_reference():
    tx = trimtab.stable_grad("last-layer")
    constant = {**good(), "z": jnp.ones((1, 2))}
    with pytest.raises(FAILURES, match=r"greater than 0.*\(it is 0\)"):
        jax.block_until_ready(jax.jit(tx.update)(constant, tx.init(good())))


def test_what_would_overflow_is_refused_and_named():
    tx = trimtab.stable_grad(60000.0)
    grads = jax.tree.map(lambda leaf: leaf.astype(jnp.float16), good())
    with pytest.raises(FAILURES, match=r"gradient \['w'\]: the result would not be finite"):
        jax.block_until_ready(jax.jit(tx.update)(grads, tx.init(grads)))


def test_a_damaged_state_is_refused():
    tx = trimtab.gradient_stabilizer()
    state = tx.init(good())
    damaged = state._replace(norms=jnp.full_like(state.norms, 0xFFFFFFFF))
    with pytest.raises(FAILURES, match="a state holds values that no call can have left there"):
        jax.block_until_ready(jax.jit(tx.update)(good(), damaged))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("platform", ["cuda", "rocm", "tpu"])
def test_other_platforms_are_refused_when_a_program_is_compiled(method, platform):
    tx = METHODS[method]()
    traced = jax.jit(tx.update).trace(good(), tx.init(good()))
    with pytest.raises(
        NotImplementedError, match=f"exist for the CPU only.* compiled for {platform}:.* JAX_PLATFORMS=cpu"
    ):
        traced.lower(lowering_platforms=(platform,))
    with pytest.raises(NotImplementedError, match="exist for the CPU only"):
        traced.lower(lowering_platforms=("cpu", platform))
    assert f"trimtab_xla_{method}" in traced.lower(lowering_platforms=("cpu",)).as_text()


@pytest.mark.parametrize("method", METHODS)
def test_an_update_is_one_call(method):
    tx = METHODS[method]()
    compiled = jax.jit(tx.update).lower(good(), tx.init(good())).compile().as_text()
    assert compiled.count(f'custom_call_target="trimtab_xla_{method}"') == 1


def test_it_cannot_be_differentiated():
    tx = trimtab.stable_grad(1.0)
    with pytest.raises(ValueError, match="cannot be differentiated"):
        jax.grad(lambda g: jnp.sum(tx.update(g, tx.init(g))[0]["w"]))(good())


def test_an_older_xla_is_refused_before_it_fails_to_start(monkeypatch, tmp_path):
    from trimtab.jax import _call

    header = tmp_path / "xla" / "ffi" / "api" / "c_api.h"
    header.parent.mkdir(parents=True)
    header.write_text("#define XLA_FFI_API_MAJOR 0\n#define XLA_FFI_API_MINOR 0\n")
    _call.check_headers()
    monkeypatch.setattr(jax.ffi, "include_dir", lambda: str(tmp_path))
    with pytest.raises(ImportError, match=r"built for version 0\.\d.* this jaxlib has 0\.0: install a newer jax"):
        _call.check_headers()


@pytest.mark.parametrize("missing", ["jax", "optax"])
def test_without_jax_the_numpy_interface_works_and_the_rest_says_what_to_install(missing):
    program = f"""
import sys
sys.modules[{missing!r}] = None  # As if it were not installed.
import numpy as np
import trimtab
import trimtab.numpy
grads = trimtab.numpy.Gradients([np.ones((2, 2))])
assert grads.observe()
for name in ("stable_grad", "gradient_stabilizer", "autoscale", "AutoscaleState", "jax"):
    try:
        getattr(trimtab, name)
    except ImportError as error:
        assert 'pip install "trimtab[jax]"' in str(error) and {missing!r} in str(error), error
    else:
        raise AssertionError(name)
assert not hasattr(trimtab, "something_else")
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_importing_it_does_not_import_jax():
    program = """
import sys, trimtab, trimtab.numpy
assert "jax" not in sys.modules
trimtab.stable_grad
assert "jax" in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_every_public_name_is_there():
    for module in (trimtab, trimtab.numpy, trimtab.jax):
        for name in module.__all__:
            assert getattr(module, name) is not None
    assert set(trimtab.__all__) <= set(dir(trimtab))
    assert list(trimtab._config.DTYPES) == plain.DTYPES
