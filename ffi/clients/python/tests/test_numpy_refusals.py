"""What the NumPy interface refuses, before it has touched anything, and how it says so."""

import numpy as np
import plain
import pytest

import trimtab
import trimtab.numpy as tn


def good():
    return np.arange(12.0, dtype=np.float32).reshape(3, 4)


def read_only(array):
    array.flags.writeable = False
    return array


def misaligned():
    return np.zeros(17, np.uint8)[1:].view(np.float32)


UNFIT = {
    "a list": ([1.0, 2.0], TypeError, "builtins.list"),
    "integers": (np.arange(3), TypeError, "dtype int64"),
    "complex": (np.zeros(3, complex), TypeError, "dtype complex128"),
    "long double": (np.zeros(3, np.longdouble), TypeError, "must be one of float32"),
    "objects": (np.array([None]), TypeError, "dtype object"),
    "byte-swapped": (good().astype(good().dtype.newbyteorder()), TypeError, "byte-swapped"),
    "transposed": (good().T, ValueError, "not C-contiguous"),
    "strided": (good()[:, ::2], ValueError, "not C-contiguous"),
    "misaligned": (misaligned(), ValueError, "not aligned"),
}


@pytest.mark.parametrize("kind", UNFIT)
def test_an_unfit_array_is_refused_by_name(kind):
    array, error, text = UNFIT[kind]
    for use in (
        lambda: tn.Gradients([good(), array]),
        lambda: tn.Slots([good(), array]),
        lambda: tn.moments([good(), array]),
    ):
        with pytest.raises(error, match=text) as caught:
            use()
        assert " 1 " in str(caught.value), "which array it is"
    with pytest.raises(error, match="gradient 'w2'"):
        tn.Gradients({"w1": good(), "w2": array})
    moments = np.zeros((), tn.MOMENTS)
    with pytest.raises(error, match="data "):
        tn.observe_chunk(moments, array)
    assert int(moments["count"]) == 0


def test_one_array_is_not_taken_for_a_list_of_its_rows():
    with pytest.raises(TypeError, match="list of gradients"):
        tn.Gradients(good())


def test_arrays_that_share_memory_are_refused():
    whole = np.zeros(100)
    with pytest.raises(ValueError, match="gradient 'a' and gradient 'c' overlap"):
        tn.Gradients({"a": whole[:50], "b": whole[60:], "c": whole[49:60]})
    tn.Gradients([whole[:50], whole[50:]])
    with pytest.raises(ValueError, match=r"parameter 0 and first\[0\] overlap"):
        tn.Slots([whole], first=[whole])
    grads = tn.Gradients([whole])
    grads.observe()
    with pytest.raises(ValueError, match="gradient 0 and parameter 0 overlap"):
        grads.sgd_step(np.zeros((), tn.STEP_STATE), tn.Slots([whole]))
    two = tn.Gradients([whole[:50], whole[50:]])
    two.observe()
    with pytest.raises(ValueError, match="overlap"):
        two.apply_into([whole[50:], whole[:50]])


def test_read_only_arrays_are_read_but_never_written():
    array = read_only(good())
    assert tn.moments(array)["abs_max"] == 11
    grads = tn.Gradients([array])
    assert grads.observe()
    grads.scale(2.0)
    with pytest.raises(ValueError, match="gradient 0 is read-only"):
        grads.apply()
    out = np.zeros_like(array)
    grads.apply_into([out])
    assert np.array_equal(out, 2 * array)
    with pytest.raises(ValueError, match="out 0 is read-only"):
        grads.apply_into([read_only(good())])
    with pytest.raises(ValueError, match="parameter 0 is read-only"):
        tn.Slots([array])
    param = good()
    slots = tn.Slots([param])
    read_only(param)
    state = np.zeros((), tn.STEP_STATE)
    with pytest.raises(ValueError, match="parameter 0 is read-only"):
        grads.sgd_step(state, slots)
    assert int(state["steps"]) == 0


@pytest.mark.parametrize(
    "out, text",
    [
        ([], "out has 0 arrays for 1 gradients"),
        ([np.zeros((4, 3), np.float32)], r"out 0 is float32\(4, 3\), its gradient float32\(3, 4\)"),
        ([np.zeros((3, 4))], r"out 0 is float64\(3, 4\)"),
    ],
)
def test_outputs_have_to_match(out, text):
    grads = tn.Gradients([good()])
    grads.observe()
    with pytest.raises(ValueError, match=text):
        grads.apply_into(out)


def test_parameters_have_to_match():
    grads = tn.Gradients({"w": good(), "b": np.zeros(4)})
    grads.observe()
    state = np.zeros((), tn.STEP_STATE)
    w, b = np.zeros((3, 4)), np.zeros(4)
    for slots, text in [
        (tn.Slots([w]), "1 parameters for 2 gradients"),
        (tn.Slots({"b": b, "w": w}), "different keys, or in different order"),
        (tn.Slots([w.reshape(4, 3), b]), r"gradient 'w' has shape \(3, 4\), its parameter \(4, 3\)"),
    ]:
        with pytest.raises(ValueError, match=text):
            grads.sgd_step(state, slots)
    with pytest.raises(ValueError, match=r"needs a buffer: Slots\(params, first="):
        grads.sgd_step(state, tn.Slots([w, b]), momentum=0.9)
    with pytest.raises(ValueError, match=r"needs a buffer: Slots\(params, second="):
        grads.adam_step(state, tn.Slots([w, b], first=[w.copy(), b.copy()]))
    with pytest.raises(TypeError, match="parameter 0 has dtype float16"):
        tn.Slots([np.zeros(3, np.float16)])
    with pytest.raises(ValueError, match=r"first\[0\] is float32\(3, 4\), parameter 0 is float64"):
        tn.Slots([w], first=[good()])
    with pytest.raises(ValueError, match="first has 1 arrays for 2 parameters"):
        tn.Slots([w, b], first=[w.copy()])
    with pytest.raises(ValueError, match="different keys"):
        tn.Slots({"w": w}, first={"v": w.copy()})


STATES = {
    "gradient_stabilizer": (tn.NORM_STATE, 2),
    "autoscale": (tn.AUTOSCALE_STATE, 1),
    "zclip": (tn.ZCLIP_STATE, 1),
    "guard": (tn.GUARD_STATE, 1),
    "agc": (tn.MOMENTS, 2),
}


@pytest.mark.parametrize("method", STATES)
def test_states_have_to_be_of_their_kind_and_number(method):
    layout, n = STATES[method]
    grads = tn.Gradients([good(), good()])
    grads.observe()
    decide = getattr(grads, method)
    for state, error, text in [
        ([0.0] * n, TypeError, "is list"),
        (np.zeros(n), TypeError, "dtype float64: pass an array made by"),
        (np.zeros(n + 1, layout), ValueError, f"has {n + 1} entries and needs {n}"),
        (np.zeros(2 * n + 1, layout)[::2][: n + 1][:n] if n > 1 else None, ValueError, "contiguous"),
    ]:
        if state is None:
            continue
        with pytest.raises(error, match=text):
            decide(state)
    if method != "agc":
        with pytest.raises(ValueError, match="read-only"):
            decide(read_only(np.zeros(n, layout)))
    assert (grads.affines["scale"] == 1).all()


def test_words_and_whole_numbers_are_checked():
    grads = tn.Gradients([good()])
    grads.observe()
    state = np.zeros((), tn.ZCLIP_STATE)
    for refused, text in [
        (
            lambda: grads.stable_grad(1.0, roles="weight"),
            "roles='weight' is unknown: choose 'weights' or 'all'",
        ),
        (lambda: grads.clip_norm(1.0, scope="all"), "scope='all' is unknown: choose 'tensor' or 'global'"),
        (lambda: grads.zclip(state, warmup=2.5), "warmup=2.5 must be a whole number"),
        (lambda: grads.zclip(state, warmup=-1), "warmup=-1 must be a whole number"),
        (lambda: trimtab.init_std("elu", 3), "activation='elu' is unknown"),
        (lambda: trimtab.init_std("relu", 0), "fan_in=0 must be at least 1"),
        (lambda: tn.Gradients([good()], mask=[True, False]), "mask has 2 entries for 1 gradients"),
    ]:
        with pytest.raises(ValueError, match=text):
            refused()


def refusal(function, status):
    with pytest.raises(trimtab.Error) as caught:
        function()
    assert caught.value.status == trimtab.Status[status]
    assert str(caught.value) == f"{caught.value.function}: {caught.value.message}"
    return str(caught.value)


def test_refusals_of_the_library_name_function_gradient_and_setting():
    grads = tn.Gradients({"w1": good(), "w2": good()})
    text = refusal(grads.apply, "ORDER")
    assert text.startswith("trimtab_apply: gradient 'w1': the call is out of order")
    grads.observe()
    text = refusal(lambda: grads.stable_grad(float("nan")), "BAD_REFERENCE")
    assert "reference=nan" in text
    text = refusal(lambda: grads.znorm(eps=-1.0), "BAD_CONFIG")
    assert text == "trimtab_znorm: a configuration value is out of range (eps=-1.0)"
    states = np.zeros(2, tn.NORM_STATE)
    states["m"][1] = np.nan
    assert "zero-initialise it" in refusal(lambda: grads.gradient_stabilizer(states), "BAD_STATE")
    assert "allowed are 1 to 1024" in refusal(lambda: trimtab.set_threads(0), "BAD_CONFIG")


def test_a_chain_is_refused_as_a_whole_and_says_which_method_it_was():
    grads = tn.Gradients({"w1": good(), "w2": good()})
    norms, zclip = np.zeros(2, tn.NORM_STATE), np.zeros((), tn.ZCLIP_STATE)
    chain = [tn.gradient_stabilizer(norms), tn.clip_norm(-1.0)]
    text = refusal(lambda: grads.decide(chain), "ORDER")
    assert text.startswith("trimtab_gradient_stabilizer: method 0 of 2: gradient 'w1': the call is out of order")
    grads.observe()
    before = grads.affines.tobytes()
    text = refusal(lambda: grads.decide(chain), "BAD_CONFIG")
    ending = "a configuration value is out of range (max_norm=-1.0)"
    assert text == f"trimtab_clip_norm: method 1 of 2: {ending}"
    zclip["mean"] = np.nan
    text = refusal(lambda: grads.decide([chain[0], tn.zclip(zclip)]), "BAD_STATE")
    assert text.startswith("trimtab_zclip: method 1 of 2: a state"), "its only state is no gradient's"
    norms["m"][1] = np.nan
    text = refusal(lambda: grads.decide(chain[:1]), "BAD_STATE")
    assert text.startswith("trimtab_gradient_stabilizer: gradient 'w2': a state")
    norms["m"] = 0.0
    with pytest.raises(ValueError, match="the state of method 0 and the state of method 1 overlap"):
        grads.decide([tn.gradient_stabilizer(norms), tn.gradient_stabilizer(norms)])
    with pytest.raises(ValueError, match="states has 2 entries and needs 1"):
        grads.decide([tn.scale(2.0), tn.gradient_stabilizer(norms, scope="global")])
    assert grads.affines.tobytes() == before and norms.tobytes() == bytes(norms.nbytes)
    grads.scale(2.0)
    text = refusal(lambda: grads.decide([tn.scale(2.0), tn.scale(2.0)]), "ORDER")
    assert text.startswith("trimtab_scale: method 0 of 2: ")


@pytest.mark.parametrize("dtype", plain.DTYPES)
def test_gradients_that_are_not_finite_are_named_and_nothing_changes(dtype):
    arrays = [array.astype(plain.dtype_of(dtype)) for array in (good(), good())]
    arrays[1][2, 1] = np.nan
    before = [array.tobytes() for array in arrays]
    grads = tn.Gradients({"w1": arrays[0], "w2": arrays[1]})
    assert not grads.observe()
    state, states = np.zeros((), tn.AUTOSCALE_STATE), np.zeros(2, tn.NORM_STATE)
    zclip, steps = np.zeros((), tn.ZCLIP_STATE), np.zeros((), tn.STEP_STATE)
    params = [np.ones((3, 4)), np.ones((3, 4))]
    slots = tn.Slots(params, *([np.zeros((3, 4)) for _ in "ab"] for _ in "mv"))
    for function in [
        lambda: grads.unscale(2.0),
        lambda: grads.scale(2.0),
        lambda: grads.stable_grad(1.0),
        lambda: grads.gradient_stabilizer(states),
        lambda: grads.autoscale(state),
        grads.centralize,
        grads.znorm,
        lambda: grads.clip_norm(1.0),
        lambda: grads.clip_value(1.0),
        lambda: grads.agc(tn.moments(params)),
        lambda: grads.zclip(zclip),
        grads.apply,
        lambda: grads.apply_into([np.zeros_like(array) for array in arrays]),
        lambda: grads.sgd_step(steps, slots),
        lambda: grads.adam_step(steps, slots),
    ]:
        assert "gradient 'w2': a gradient holds NaN" in refusal(function, "NON_FINITE")
    assert [array.tobytes() for array in arrays] == before
    assert all((param == 1).all() for param in params)
    for held in (state, states, zclip, steps):
        assert held.tobytes() == bytes(held.nbytes)


@pytest.mark.parametrize(
    "dtype, factor", [("float32", 1e38), ("float16", 6000.0), ("bfloat16", 1e38), ("float64", 1e308)]
)
def test_overflow_is_named_and_nothing_is_written(dtype, factor):
    small, large = good().astype(plain.dtype_of(dtype)) / 100, good().astype(plain.dtype_of(dtype))
    before = small.tobytes() + large.tobytes()
    grads = tn.Gradients({"small": small, "large": large})
    grads.observe()
    grads.scale(factor)
    text = refusal(grads.apply, "OVERFLOW")
    assert text.startswith("trimtab_apply: gradient 'large': the result would not be finite")
    assert small.tobytes() + large.tobytes() == before
