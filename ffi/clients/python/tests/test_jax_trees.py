"""Trees of every kind: what is a leaf, what is a weight, which is the last."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import trimtab

TRANSFORMATIONS = {
    "stable_grad": lambda **options: trimtab.stable_grad(2.0, **options),
    "gradient_stabilizer": lambda **options: trimtab.gradient_stabilizer(),
    "autoscale": lambda **options: trimtab.autoscale(**options),
}
W = jnp.array([[1.0, 2.0], [3.0, 5.0]])


def std(array):
    return float(np.std(np.asarray(array, np.float64), ddof=1))


def once(tx, grads, **extra):
    return jax.jit(tx.update)(grads, tx.init(grads), **extra)


@pytest.mark.parametrize("method", TRANSFORMATIONS)
@pytest.mark.parametrize("empty", [{}, [], (), None, {"a": None, "b": optax.MaskedNode()}, optax.EmptyState()])
def test_a_tree_without_leaves_comes_back(method, empty):
    tx = TRANSFORMATIONS[method]()
    state = tx.init(empty)
    new, after = once(tx, empty)
    assert jax.tree.structure(new) == jax.tree.structure(empty)
    assert jax.tree.structure(after) == jax.tree.structure(state)


@pytest.mark.parametrize("method", TRANSFORMATIONS)
def test_none_and_masked_nodes_stay_where_they_are(method):
    grads = {"a": None, "b": W, "c": optax.MaskedNode(), "d": [W, None]}
    new, _ = once(TRANSFORMATIONS[method](), grads)
    assert jax.tree.structure(new) == jax.tree.structure(grads)


@pytest.mark.parametrize("method", TRANSFORMATIONS)
def test_a_single_array_is_a_tree(method):
    new, _ = once(TRANSFORMATIONS[method](), W)
    assert new.shape == W.shape and not np.array_equal(new, W)


@pytest.mark.parametrize("method", TRANSFORMATIONS)
def test_leaves_without_elements_and_with_one(method):
    grads = {"none": jnp.zeros((0, 3)), "one": jnp.full((1, 1), 3.0), "scalar": jnp.array(-2.0), "w": W}
    new, _ = once(TRANSFORMATIONS[method](), grads)
    assert {name: new[name].shape for name in new} == {name: grads[name].shape for name in grads}
    expected = {"stable_grad": 3.0, "gradient_stabilizer": 1.0, "autoscale": 0.0}[method]
    assert float(new["one"][0, 0]) == pytest.approx(expected)
    assert float(new["scalar"]) == pytest.approx(-1.0 if method == "gradient_stabilizer" else -2.0)


def test_dtypes_may_be_mixed():
    grads = [W.astype(dtype) for dtype in (jnp.float16, jnp.bfloat16, jnp.float32)]
    new, _ = once(trimtab.stable_grad(2.0), grads)
    assert [leaf.dtype for leaf in new] == [leaf.dtype for leaf in grads]
    assert [std(leaf) for leaf in new] == pytest.approx([2.0] * 3, rel=1e-2)


@pytest.mark.parametrize("method", TRANSFORMATIONS)
@pytest.mark.parametrize(
    "leaf",
    [jnp.arange(4), jnp.zeros(3, bool), jnp.zeros(3, jnp.complex64), np.zeros(3, jax.dtypes.float0), 3],
)
def test_leaves_of_other_types_are_refused_by_name(method, leaf):
    with pytest.raises(TypeError, match=r"gradient \['deep'\]\[1\] has dtype .* optax.masked"):
        once(TRANSFORMATIONS[method](), {"deep": [W, leaf]})


def test_integer_leaves_can_be_masked():
    grads = {"table": jnp.arange(4), "w": W}
    tx = optax.masked(trimtab.stable_grad(2.0), {"table": False, "w": True})
    new, _ = once(tx, grads)
    assert np.array_equal(new["table"], grads["table"])
    assert std(new["w"]) == pytest.approx(2.0)


@pytest.mark.parametrize("method", ["stable_grad", "autoscale"])
@pytest.mark.parametrize(
    "mask, changed",
    [
        (None, {"b": False, "deep": [True, False]}),
        ({"b": True, "deep": [False, True]}, {"b": True, "deep": [False, True]}),
        ({"b": True, "deep": False}, {"b": True, "deep": [False, False]}),
        (True, {"b": True, "deep": [True, True]}),
        (lambda grads: jax.tree.map(lambda leaf: leaf.ndim == 1, grads), {"b": True, "deep": [False, True]}),
    ],
)
def test_weights_are_what_has_two_dimensions_or_what_the_mask_says(method, mask, changed):
    grads = {"b": jnp.array([1.0, 2.0]), "deep": [W, jnp.array([3.0, 1.0])]}
    new, _ = once(TRANSFORMATIONS[method](mask=mask), grads)
    found = jax.tree.map(lambda a, b: not np.array_equal(a, b), new, grads)
    assert found == changed


def test_a_mask_has_to_be_of_bools():
    tx = trimtab.stable_grad(1.0, mask={"w": 1})
    with pytest.raises(TypeError, match=r"mask\['w'\] is 1: it must be True"):
        tx.update({"w": W}, tx.init({"w": W}))


class Layers(NamedTuple):
    """Fields in an order that is not that of the alphabet."""

    hidden: dict
    head: jax.Array


# A gradient of standard deviation 5 is the one that has to be found.
SPREAD_5 = W * (5 / std(W))


@pytest.mark.parametrize(
    "grads",
    [
        [W, W, SPREAD_5],
        (W, [W, SPREAD_5], jnp.array([1.0, 9.0])),
        {f"layer_{i}": SPREAD_5 if i == 10 else W for i in range(11)},
        {"Dense_2": {"kernel": W}, "Dense_10": {"bias": jnp.ones(2), "kernel": SPREAD_5}},
        {"layers": {9: W, 10: SPREAD_5}},
        Layers(hidden={"z": W}, head=SPREAD_5),
        [{"w": W}, {"w": SPREAD_5}, {"w": None}],
    ],
)
@pytest.mark.parametrize("where", ["made with it", "given to update"])
def test_the_last_layer_is_the_one_a_reader_would_name(grads, where):
    if where == "made with it":
        new, _ = once(trimtab.stable_grad("last-layer"), grads)
    else:
        tx = trimtab.stable_grad()
        new, _ = jax.jit(lambda g, s: tx.update(g, s, reference="last-layer"))(grads, tx.init(grads))
    spreads = [std(leaf) for leaf in jax.tree.leaves(new) if leaf.ndim >= 2]
    assert spreads == pytest.approx([5.0] * len(spreads))


def test_a_last_layer_that_cannot_be_a_reference_is_refused():
    tx = trimtab.stable_grad("last-layer")
    with pytest.raises(ValueError, match="no leaf is one"):
        once(tx, {"b": jnp.ones(3)})
    with pytest.raises(ValueError, match=r"needs at least 2 elements, and \[1\] has 1"):
        once(tx, [W, jnp.ones((1, 1))])


def test_a_state_of_another_tree_is_refused():
    tx = trimtab.gradient_stabilizer()
    with pytest.raises(ValueError, match="initialised for 2 leaves, and the gradients have 1"):
        tx.update([W], tx.init([W, W]))


def test_arguments_are_checked_when_a_transformation_is_made():
    for make, text in [
        (lambda: trimtab.stable_grad("last_layer"), "reference='last_layer' is unknown: pass a number or"),
        (lambda: trimtab.stable_grad(roles="weight"), "choose 'weights' or 'all'"),
        (lambda: trimtab.autoscale(nonfinite="ignore"), "choose 'raise' or 'skip' or 'zero'"),
        (lambda: trimtab.autoscale(max_consecutive=-1), "max_consecutive=-1 must be a whole number"),
        (lambda: trimtab.gradient_stabilizer(scope="all"), "choose 'tensor' or 'global'"),
    ]:
        with pytest.raises(ValueError, match=text):
            make()
    for make, text in [
        (lambda: trimtab.stable_grad(0.0), "the reference must be finite and greater than 0"),
        (lambda: trimtab.stable_grad(eps=-1.0), "eps=-1.0"),
        (lambda: trimtab.gradient_stabilizer(gamma1=1.0), "out of range .*gamma1=1.0"),
    ]:
        with pytest.raises(trimtab.Error, match=text):
            make()
    tx = trimtab.stable_grad()
    with pytest.raises(ValueError, match="has no reference: pass reference= to update"):
        tx.update([W], tx.init([W]))
    with pytest.raises(ValueError, match=r"reference has shape \(2,\): it must be a scalar"):
        tx.update([W], tx.init([W]), reference=jnp.ones(2))
