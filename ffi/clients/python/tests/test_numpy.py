"""The NumPy interface: what it changes, what it leaves alone, what it remembers."""

import gc
import math
import threading
import weakref

import numpy as np
import plain
import pytest

import trimtab
import trimtab.numpy as tn


def network(dtype="float32", seed=0):
    return plain.draw(dtype, [(16, 8), (16,), (3, 16, 2), ()], seed)


def observed(arrays, **options):
    grads = tn.Gradients(arrays, **options)
    assert grads.observe()
    return grads


@pytest.mark.parametrize("dtype", plain.DTYPES)
def test_moments_are_those_of_the_elements(dtype):
    arrays = network(dtype)
    grads = observed(arrays)
    for found in (grads.moments, tn.moments(arrays)):
        for record, array in zip(found, arrays, strict=True):
            exact = array.astype(np.float64).ravel()
            assert int(record["count"]) == exact.size
            assert float(record["abs_max"]) == np.max(np.abs(exact))
            np.testing.assert_allclose(float(record["sum"]), math.fsum(exact), rtol=1e-12)
            np.testing.assert_allclose(float(record["sum_sq"]), math.fsum(exact**2), rtol=1e-12)
    wide = arrays[0].astype(np.float64)
    record = tn.moments(arrays[0])
    np.testing.assert_allclose(tn.moments_mean(record), wide.mean(), rtol=1e-12)
    np.testing.assert_allclose(tn.moments_std(record), wide.std(ddof=1), rtol=1e-12)
    np.testing.assert_allclose(tn.moments_norm(record), np.linalg.norm(wide), rtol=1e-12)


def test_statistics_of_several_moments_are_arrays_of_their_shape():
    arrays = network()
    records = tn.moments(arrays)
    stds = tn.moments_std(records)
    assert stds.shape == (4,) and math.isnan(stds[3])  # One element has no standard deviation.
    assert stds[2] == tn.moments_std(records[2])
    assert tn.moments_std(records.reshape(2, 2)).shape == (2, 2)
    # Also of every other record, which do not lie next to each other.
    assert tn.moments_norm(records[::2]).tolist() == [tn.moments_norm(r) for r in records[::2]]


def test_chunks_and_merged_parts_give_the_moments_of_the_whole():
    (whole,) = plain.draw("float64", [200_000])
    into = np.zeros((), tn.MOMENTS)
    for start in range(0, whole.size, 65_536):
        assert tn.observe_chunk(into, whole[start : start + 65_536])
    assert into == tn.moments(whole), "to the bit, at multiples of 65,536"
    left, right = tn.moments(whole[:70_000]), tn.moments(whole[70_000:])
    tn.moments_merge(left, right)
    assert left["count"] == into["count"] and left["abs_max"] == into["abs_max"]
    np.testing.assert_allclose(float(left["sum_sq"]), float(into["sum_sq"]), rtol=1e-13)
    tn.moments_merge(right, right)
    assert int(right["count"]) == 2 * 130_000


def test_gradients_change_in_place_and_deciding_changes_no_element():
    arrays = network()
    before = [array.copy() for array in arrays]
    grads = observed(arrays)
    grads.scale(4.0)
    assert all(np.array_equal(a, b) for a, b in zip(arrays, before, strict=True))
    assert grads.affines["scale"].tolist() == [4.0] * 4
    grads.apply()
    for array, was in zip(arrays, before, strict=True):
        assert np.array_equal(array, was * np.float32(4))
    assert grads.affines["scale"].tolist() == [1.0] * 4
    assert grads.moments["count"].tolist() == [0] * 4


def test_a_write_spends_what_was_observed_and_the_outlook_is_asked_before():
    arrays = network()
    grads = observed(arrays)
    grads.scale(4.0)
    outlook = grads.outlook()
    grads.apply()
    for call in (grads.apply, grads.outlook, lambda: grads.scale(4.0)):
        with pytest.raises(trimtab.Error) as caught:
            call()
        assert caught.value.status == trimtab.Status.ORDER
    assert grads.observe()
    for field in ("count", "sum", "sum_sq", "abs_max"):
        assert outlook[field].tolist() == grads.moments[field].tolist(), "a power of two is exact"


def chained(states):
    return [
        tn.guard(states["guard"]),
        tn.unscale(4.0),
        tn.stable_grad(0.5),
        tn.gradient_stabilizer(states["norms"]),
        tn.clip_norm(0.25, scope="global"),
    ]


def new_states(n):
    return {"guard": np.zeros((), tn.GUARD_STATE), "norms": np.zeros(n, tn.NORM_STATE)}


def test_a_chain_decides_as_its_methods_one_by_one():
    together, alone = observed(network()), observed(network())
    states, others = new_states(4), new_states(4)
    assert together.decide(chained(states)) is True
    assert alone.guard(others["guard"])
    alone.unscale(4.0)
    alone.stable_grad(0.5)
    alone.gradient_stabilizer(others["norms"])
    alone.clip_norm(0.25, scope="global")
    assert together.affines.tobytes() == alone.affines.tobytes()
    assert states["norms"].tobytes() == others["norms"].tobytes() != bytes(states["norms"].nbytes)
    assert together.decide([]) is True, "no method: nothing to do"


def test_a_chain_stops_where_its_guard_skips_the_step():
    arrays = network()
    arrays[1][3] = np.nan
    grads, states = tn.Gradients(arrays), new_states(4)
    assert not grads.observe()
    assert grads.decide(chained(states)) is False
    assert int(states["guard"]["total"]) == 1
    assert states["norms"].tobytes() == bytes(states["norms"].nbytes)


def test_a_decay_for_weights_leaves_biases_alone():
    arrays = [np.zeros((2, 2)), np.zeros(3)]
    for step, buffers in (("sgd_step", 0), ("adam_step", 2)):
        params = [np.full((2, 2), 8.0), np.full(3, 8.0)]
        slots = tn.Slots(params, *([np.zeros_like(param) for param in params] for _ in range(buffers)))
        grads = observed(arrays)
        getattr(grads, step)(np.zeros((), tn.STEP_STATE), slots, lr=0.5, weight_decay=0.25, decay_roles="weights")
        assert (params[0] == 7.0).all() and (params[1] == 8.0).all(), step


def test_unscale_undoes_scale():
    (array,) = plain.draw("float64", [64])
    was = array.copy()
    grads = observed([array])
    grads.scale(1024.0)
    grads.unscale(1024.0)
    grads.apply()
    assert np.array_equal(array, was)


@pytest.mark.parametrize(
    "mask, changed", [(None, [1, 0, 1, 0]), (True, [1, 1, 1, 1]), ([False, True, False, False], [0, 1, 0, 0])]
)
def test_weights_are_what_has_two_dimensions_or_what_the_mask_says(mask, changed):
    arrays = [np.random.default_rng(i).normal(size=s) for i, s in enumerate([(4, 4), 4, (2, 2, 2), 5])]
    before = [array.copy() for array in arrays]
    grads = observed(arrays, mask=mask)
    grads.stable_grad(7.0)
    grads.apply()
    for array, was, change in zip(arrays, before, changed, strict=True):
        assert np.array_equal(array, was) != bool(change)
        if change:
            np.testing.assert_allclose(array.std(ddof=1), 7.0)


def test_rows_as_tensors_make_a_method_row_wise():
    matrix = np.random.default_rng(0).normal(size=(5, 40)) * np.logspace(-8, 8, 5)[:, None]
    grads = observed(list(matrix), mask=True)
    grads.stable_grad(1.0)
    grads.apply()
    np.testing.assert_allclose(matrix.std(axis=1, ddof=1), 1.0)


def test_roles_all_takes_biases_too():
    arrays = network("float64")
    grads = observed(arrays[:3])
    grads.centralize(roles="all")
    grads.apply()
    assert all(abs(array.mean()) < 1e-14 for array in arrays[:3])


def test_apply_into_leaves_the_gradients_alone():
    arrays = network()
    before = [array.copy() for array in arrays]
    grads = observed(arrays)
    grads.clip_norm(0.01, scope="global")
    out = [np.full_like(array, np.nan) for array in arrays[:3]] + [arrays[3]]  # The last is written in place.
    grads.apply_into(out)
    total = math.sqrt(sum(float(np.sum(o.astype(float) ** 2)) for o in out))
    assert total == pytest.approx(0.01, rel=1e-6)
    assert all(np.array_equal(a, b) for a, b in zip(arrays[:3], before[:3], strict=True))
    assert (grads.affines["scale"] < 1).all(), "what was decided is still there"


def test_clip_value_ends_a_chain():
    arrays = network()
    grads = observed(arrays)
    grads.clip_value(0.25)
    with pytest.raises(trimtab.Error) as caught:
        grads.znorm()
    assert caught.value.status == trimtab.Status.ORDER
    grads.apply()
    assert max(float(np.abs(array).max()) for array in arrays) == 0.25


def test_a_guard_skips_or_silences_and_counts():
    bad = np.array([[1.0, np.nan], [2.0, 3.0]])
    good = np.array([[1.0, 2.0], [3.0, 4.0]])
    state = np.zeros((), tn.GUARD_STATE)
    grads = tn.Gradients({"bad": bad, "good": good})
    assert not grads.observe()
    assert not grads.guard(state)
    assert state.tolist() == (1, 1)
    assert grads.guard(state, policy="zero")
    assert state.tolist() == (2, 2)
    grads.scale(2.0)
    grads.apply()
    assert bad.tolist() == [[0, 0], [0, 0]] and good.tolist() == [[2, 4], [6, 8]]
    assert grads.observe() and grads.guard(state)
    assert state.tolist() == (0, 2)


def test_a_guard_gives_up_in_time_without_counting_the_last():
    state = np.zeros((), tn.GUARD_STATE)
    grads = tn.Gradients([np.array([np.inf])])
    grads.observe()
    assert not grads.guard(state, max_consecutive=2)
    with pytest.raises(trimtab.Error, match="too many steps") as caught:
        grads.guard(state, max_consecutive=2)
    assert caught.value.status == trimtab.Status.DIVERGED
    assert state.tolist() == (1, 1)


def test_own_moments_make_a_shard():
    (whole,) = plain.draw("float64", [1000])
    parts = [whole[:300].copy(), whole[300:].copy()]
    total = tn.moments(whole)
    for part in parts:
        grads = tn.Gradients([part], mask=True)
        grads.moments[0] = total
        grads.stable_grad(1.0)
        grads.apply()
    np.testing.assert_allclose(np.concatenate(parts).std(ddof=1), 1.0)


def test_arrays_live_as_long_as_what_points_to_them():
    array = np.random.default_rng(0).normal(size=(8, 8))
    alive = weakref.ref(array)
    grads = observed([array])
    slots = tn.Slots([np.zeros((8, 8))])
    del array
    gc.collect()
    assert alive() is not None
    grads.sgd_step(np.zeros((), tn.STEP_STATE), slots)
    del grads
    gc.collect()
    assert alive() is None


def test_states_can_be_saved_and_loaded():
    norms, guard, step = np.zeros(2, tn.NORM_STATE), np.zeros((), tn.GUARD_STATE), np.zeros((), tn.STEP_STATE)
    for seed in range(3):
        grads = observed(plain.draw("float32", [(4, 4), 9], seed))
        grads.gradient_stabilizer(norms)
    saved = tn.save_states([norms, guard, step])
    fresh = [np.zeros_like(state) for state in (norms, guard, step)]
    tn.load_states(fresh, saved)
    assert np.array_equal(fresh[0], norms) and int(fresh[0]["steps"][1]) == 3
    damaged = bytearray(saved)
    damaged[60] ^= 1
    for wrong, bytes_, status in [
        (fresh, bytes(damaged), "BAD_CHECKSUM"),
        (fresh, saved[:-1], "TRUNCATED"),
        (fresh[:2], saved, "WRONG_KIND"),
        ([fresh[0][:1], *fresh[1:]], saved, "WRONG_COUNT"),
        (fresh, b"?" * len(saved), "BAD_MAGIC"),
    ]:
        kept = [state.copy() for state in wrong]
        with pytest.raises(trimtab.Error) as caught:
            tn.load_states(wrong, bytes_)
        assert caught.value.status == trimtab.Status[status]
        assert all(np.array_equal(a, b) for a, b in zip(wrong, kept, strict=True))


def test_results_do_not_depend_on_threads_and_threads_may_call_at_once():
    sizes = [(300, 1000), (1000,), (200_000,)]

    def results(seed):
        arrays = plain.draw("float32", sizes, seed)
        states = np.zeros(3, tn.NORM_STATE)
        grads = tn.Gradients(arrays)
        for _ in range(4):
            grads.observe()
            grads.stable_grad(0.1)
            grads.gradient_stabilizer(states)
            grads.apply()
        return b"".join(array.tobytes() for array in arrays) + states.tobytes()

    alone = [results(seed) for seed in range(4)]
    trimtab.set_threads(2)
    try:
        found = [None] * 4
        workers = [threading.Thread(target=lambda i=i: found.__setitem__(i, results(i))) for i in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    finally:
        trimtab.set_threads(1)
    assert found == alone


def test_init_std_is_gain_over_root_of_fan_in():
    assert trimtab.init_std("relu", 8) == pytest.approx(math.sqrt(2 / 8))
    assert trimtab.init_std("identity", 4) == 0.5
    # 1/sqrt(E[tanh(z)^2]) by Gauss-Hermite quadrature.
    z, weights = np.polynomial.hermite_e.hermegauss(80)
    second_moment = np.sum(weights * np.tanh(z) ** 2) / np.sum(weights)
    assert trimtab.init_std("tanh", 1) == pytest.approx(1 / math.sqrt(second_moment), rel=1e-6)


def test_the_instruction_set_has_a_name():
    assert trimtab.cpu_level() in {"avx512", "avx2", "sse2", "neon", "scalar"}
