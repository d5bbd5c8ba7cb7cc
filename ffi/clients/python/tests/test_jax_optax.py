"""With the rest of optax and JAX: chains, schedules, loops, donated buffers, checkpoints."""

import concurrent.futures
import pickle
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import optax
import plain
import pytest

import trimtab

METHODS = {
    "stable_grad": lambda: trimtab.stable_grad(0.5),
    "gradient_stabilizer": trimtab.gradient_stabilizer,
    "autoscale": trimtab.autoscale,
}


def params():
    return {"w": jnp.ones((4, 3)), "b": jnp.zeros(3)}


def grads(seed):
    w, b = plain.draw("float32", [(4, 3), (3,)], seed)
    return {"w": jnp.asarray(w), "b": jnp.asarray(b)}


def same(left, right):
    pairs = zip(jax.tree.leaves(left), jax.tree.leaves(right), strict=True)
    return all(np.asarray(a).tobytes() == np.asarray(b).tobytes() for a, b in pairs)


def loop(tx, steps=6, **extra):
    """Parameters and state after some steps, one jitted call each."""

    @jax.jit
    def step(values, state, now):
        updates, state = tx.update(now, state, values, **extra)
        return optax.apply_updates(values, updates), state

    values, state = params(), tx.init(params())
    for seed in range(steps):
        values, state = step(values, state, grads(seed))
    return values, state


def test_a_chain_passes_the_reference_on_and_is_the_methods_in_order():
    tx = optax.chain(trimtab.stable_grad(), trimtab.gradient_stabilizer(), optax.scale(-1.0))
    now = grads(0)
    updates, _ = jax.jit(tx.update)(now, tx.init(now), reference=jnp.float32(0.25))
    first, second = trimtab.stable_grad(0.25), trimtab.gradient_stabilizer()
    by_hand, _ = first.update(now, first.init(now))
    by_hand, _ = second.update(by_hand, second.init(now))
    assert same(updates, jax.tree.map(jnp.negative, by_hand))


@pytest.mark.parametrize("method", METHODS)
def test_adamw_behind_it_sees_the_new_gradients(method):
    values, state = loop(optax.chain(METHODS[method](), optax.adamw(1e-2)))
    ours, adamw = METHODS[method](), optax.adamw(1e-2)
    expected, memory, inner = params(), ours.init(params()), adamw.init(params())
    for seed in range(6):
        scaled, memory = ours.update(grads(seed), memory)
        updates, inner = adamw.update(scaled, inner, expected)
        expected = optax.apply_updates(expected, updates)
    for name in expected:
        np.testing.assert_allclose(values[name], expected[name], rtol=1e-5, atol=1e-7)
    assert same(state[0], memory)


def test_new_references_and_learning_rates_do_not_retrace():
    tx = optax.chain(trimtab.stable_grad(), optax.inject_hyperparams(optax.adamw)(learning_rate=1e-3))
    traces = []

    @jax.jit
    def step(values, state, now, reference):
        traces.append(None)
        updates, state = tx.update(now, state, values, reference=reference)
        return optax.apply_updates(values, updates), state, updates

    values, state = params(), tx.init(params())
    for seed in range(5):
        state[1].hyperparams["learning_rate"] = jnp.asarray(10.0**-seed)
        values, state, _ = step(values, state, grads(seed), 0.1 * (seed + 1))
    assert len(traces) == 1
    # And they count: the same gradients with another reference are scaled otherwise.
    only = trimtab.stable_grad()
    update = jax.jit(lambda now, reference: only.update(now, only.init(now), reference=reference)[0])
    for reference in (0.1, 0.2, 3.0):
        assert float(np.std(update(grads(0), reference)["w"], ddof=1)) == pytest.approx(reference, rel=1e-5)
    assert update._cache_size() == 1


def test_hyperparameters_can_be_injected_and_scheduled():
    make = optax.inject_hyperparams(trimtab.stable_grad)
    tx = make(reference=optax.linear_schedule(1.0, 3.0, 2), eps=0.0)
    state, update = tx.init(params()), jax.jit(tx.update)
    for reference in (1.0, 2.0, 3.0, 3.0):
        updates, state = update(grads(0), state, params())
        assert float(np.std(updates["w"], ddof=1)) == pytest.approx(reference, rel=1e-5)
    stabilizer = optax.inject_hyperparams(trimtab.gradient_stabilizer)(gamma1=0.5)
    state, update = stabilizer.init(params()), jax.jit(stabilizer.update)
    for gamma1 in (0.5, 0.25):
        state.hyperparams["gamma1"] = jnp.asarray(gamma1)
        before = state.inner_state.read()["norms"]["m"]
        updates, state = update(grads(1), state, params())
        now = np.array([np.linalg.norm(np.asarray(grads(1)[name], float)) for name in ("b", "w")])
        m = state.inner_state.read()["norms"]["m"]
        np.testing.assert_allclose(m, gamma1 * before + (1 - gamma1) * now, rtol=1e-12)


def test_an_injected_setting_out_of_range_fails_when_it_is_used():
    tx = optax.inject_hyperparams(trimtab.gradient_stabilizer)(gamma1=0.5)
    state = tx.init(params())
    state.hyperparams["gamma1"] = jnp.asarray(1.0)
    with pytest.raises((ValueError, jax.errors.JaxRuntimeError), match=r"out of range.*gamma1=1"):
        jax.block_until_ready(jax.jit(tx.update)(grads(0), state, params()))


@pytest.mark.parametrize("method", METHODS)
def test_scan_gives_the_bits_of_a_loop(method):
    tx = optax.chain(METHODS[method](), optax.sgd(0.1))
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *[grads(seed) for seed in range(6)])

    @jax.jit
    def train(values, state):
        def step(carry, now):
            values, state = carry
            updates, state = tx.update(now, state, values)
            return (optax.apply_updates(values, updates), state), None

        return jax.lax.scan(step, (values, state), stacked)[0]

    assert same(train(params(), tx.init(params())), loop(tx))


@pytest.mark.parametrize("method", METHODS)
def test_donated_buffers_give_the_same_bits(method):
    tx = METHODS[method]()
    plainly, state = jax.jit(tx.update)(grads(0), tx.init(params()))
    update = jax.jit(tx.update, donate_argnums=(0, 1))
    given = grads(0)
    in_place, donated_state = update(given, tx.init(params()))
    assert given["w"].is_deleted()
    assert same(in_place, plainly) and same(donated_state, state)


@pytest.mark.parametrize("method", METHODS)
def test_gradients_that_are_used_again_stay_as_they_are(method):
    tx = METHODS[method]()
    given, state = grads(0), tx.init(params())
    for update in (tx.update, jax.jit(tx.update)):
        jax.block_until_ready(update(given, state))
        assert same(given, grads(0)) and same(state, tx.init(params()))

    @jax.jit
    def both(now, state):
        twice = jax.tree.map(lambda g: g * 2.0, now)
        updates, _ = tx.update(twice, state)
        return twice, updates

    twice, updates = both(grads(0), tx.init(params()))
    assert same(twice, jax.tree.map(lambda g: g * 2.0, grads(0)))
    assert not same(twice, updates)


@pytest.mark.parametrize("method", METHODS)
def test_vmap_treats_every_member_by_itself(method):
    tx = METHODS[method]()
    members = [grads(seed) for seed in range(3)]
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *members)
    state = jax.vmap(tx.init)(stacked)
    together, after = jax.jit(jax.vmap(tx.update))(stacked, state)
    for index, member in enumerate(members):
        alone, own = tx.update(member, tx.init(member))
        assert same(jax.tree.map(lambda leaf, i=index: leaf[i], (together, after)), (alone, own))


def test_multi_steps_updates_every_second_time():
    tx = optax.MultiSteps(trimtab.gradient_stabilizer(), every_k_schedule=2)
    state, update = tx.init(params()), jax.jit(tx.update)
    for step in range(4):
        updates, state = update(grads(step), state, params())
        assert bool(jnp.any(updates["w"] != 0)) == (step % 2 == 1)
    assert state.inner_opt_state.read()["norms"]["steps"].tolist() == [2, 2]


def test_apply_if_finite_skips_the_whole_step():
    tx = optax.apply_if_finite(optax.chain(trimtab.stable_grad(0.5), optax.adam(0.1)), 5)
    state, update = tx.init(params()), jax.jit(tx.update)
    bad = {**grads(0), "w": grads(0)["w"].at[0, 0].set(jnp.inf)}
    updates, after = update(bad, state, params())
    assert all(not np.any(leaf) for leaf in jax.tree.leaves(updates))
    assert same(after.inner_state, state.inner_state)
    updates, _ = update(grads(0), after, params())
    assert all(np.all(leaf != 0) for leaf in jax.tree.leaves(updates))


def test_a_run_goes_on_from_a_checkpoint_as_if_it_had_not_stopped():
    tx = optax.chain(trimtab.gradient_stabilizer(), trimtab.autoscale(), optax.adamw(1e-2))
    update = jax.jit(tx.update)

    def advance(state, seeds):
        for seed in seeds:
            updates, state = update(grads(seed), state, params())
        return updates, state

    _, half = advance(tx.init(params()), range(3))
    whole = advance(half, range(3, 6))
    restored = jax.tree.map(jnp.asarray, pickle.loads(pickle.dumps(jax.device_get(half))))
    with plain.x64(False):
        assert same(advance(restored, range(3, 6)), whole)


def test_states_are_found_and_read_in_a_chain():
    tx = optax.chain(trimtab.gradient_stabilizer(), optax.adamw(1e-2))
    _, state = loop(tx, steps=2)
    norms = optax.tree_utils.tree_get(state, "norms")
    assert norms.dtype == jnp.uint32 and norms.shape == (2, 8)
    assert state[0].read()["norms"]["steps"].tolist() == [2, 2]


def test_shapes_are_known_without_running():
    tx = optax.chain(*(METHODS[method]() for method in METHODS))
    state = jax.eval_shape(tx.init, params())
    updates, after = jax.eval_shape(tx.update, grads(0), state)
    assert jax.tree.map(lambda x: (x.shape, x.dtype), after) == jax.tree.map(lambda x: (x.shape, x.dtype), state)
    assert updates["w"].shape == (4, 3)


def test_one_compiled_update_may_run_on_many_threads_at_once():
    tx = trimtab.gradient_stabilizer()
    update = jax.jit(tx.update)
    now = [{"w": jnp.asarray(plain.draw("float32", [(400, 300)], seed)[0])} for seed in range(8)]

    def result(one):
        state = tx.init(one)
        for _ in range(5):
            _, state = update(one, state)
        return jax.device_get(update(one, state))

    alone = [result(one) for one in now]
    trimtab.set_threads(2)
    try:
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            together = list(pool.map(result, now))
    finally:
        trimtab.set_threads(1)
    assert same(together, alone)


def test_sharded_gradients_are_taken_as_a_whole():
    """Two devices, which a process has to ask for before it starts JAX."""
    program = """
import jax, jax.numpy as jnp, numpy as np, trimtab
from jax.sharding import Mesh, NamedSharding, PartitionSpec
assert len(jax.devices()) == 2
mesh = Mesh(np.array(jax.devices()), ("x",))
g = {"w": jnp.arange(64.0).reshape(8, 8) ** 2}
split = jax.device_put(g, NamedSharding(mesh, PartitionSpec("x")))
tx = trimtab.stable_grad(2.0)
one, _ = jax.jit(tx.update)(g, tx.init(g))
two, _ = jax.jit(tx.update)(split, tx.init(g))
assert np.asarray(one["w"]).tobytes() == np.asarray(two["w"]).tobytes()
"""
    import os

    environment = {**os.environ, "XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
    subprocess.run([sys.executable, "-c", program], check=True, env=environment)
