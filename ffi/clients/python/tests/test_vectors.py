"""The test vectors of the whole project, through the NumPy interface and through JAX."""

import json
import pathlib

import jax
import jax.numpy as jnp
import numpy as np
import plain
import pytest

import trimtab
import trimtab.numpy as tn

FILE = pathlib.Path(__file__).resolve().parents[4] / "tests" / "vectors" / "vectors.json"
CASES = json.loads(FILE.read_text())["cases"]
NAMES = {"f32": "float32", "f16": "float16", "bf16": "bfloat16", "f64": "float64"}
# Of states, relative; of parameters after 8 steps, relative to the largest.
STATE_TOLERANCE = 1e-12
PARAMETER_TOLERANCE = {"float32": 2e-6, "float64": 1e-10}


def named(case):
    return case["name"]


def arrays(values, dtype):
    return [np.array(value).astype(plain.dtype_of(dtype)) for value in values]


def check_state(record, expected):
    """Every field that the vectors state."""
    for entry, fields in zip(np.atleast_1d(record), np.atleast_1d(expected), strict=True):
        for field, value in fields.items():
            np.testing.assert_allclose(float(entry[field]), value, rtol=STATE_TOLERANCE, atol=0)


class Method:
    """One method of the vectors, with its state."""

    def __init__(self, name, config, n):
        self.name, self.config, self.state = name, dict(config), None
        held = trimtab._structs.METHODS[name].state
        if held is not None:
            several = n if config.get("scope", "tensor") == "tensor" else 1
            self.state = np.zeros(() if held.count == "one" else several, getattr(tn, held.layout))
        if name == "zclip":
            self.config["z_max"] = self.config.pop("z")
            self.config["max_norm"] = self.config["max_norm"] or np.inf

    def decide(self, grads, step):
        function = getattr(grads, self.name)
        if self.name == "stable_grad":
            function(step["reference"], **self.config)
        elif self.name == "agc":
            dtype = grads.arrays[0].dtype.name
            function(tn.moments(arrays(step["params"], dtype)), **self.config)
        elif self.state is not None:
            function(self.state, **self.config)
        else:
            function(**self.config)


def methods_of(case):
    n = len(case["roles"])
    if case["method"] != "chain":
        return [Method(case["method"], case["config"], n)]
    settings = {
        "unscale": ("unscale", "loss_scale"),
        "clip_norm_global": ("clip_norm", "max_norm"),
        "clip_value": ("clip_value", "limit"),
    }
    made = []
    for link in case["config"]["chain"]:
        name, _, value = link.partition(":")
        method, parameter = settings.get(name, (name, None))
        config = {parameter: float(value)} if parameter else {}
        if name == "clip_norm_global":
            config["scope"] = "global"
        made.append(Method(method, config, n))
    return made


@pytest.mark.parametrize("case", [c for c in CASES if c["method"] != "optimizer"], ids=named)
def test_methods_give_the_expected_gradients_and_states(case):
    dtype, mask = NAMES[case["dtype"]], [role == 0 for role in case["roles"]]
    methods = methods_of(case)
    for step in case["steps"]:
        given = arrays(step["grads"], dtype)
        grads = tn.Gradients(given, mask=mask)
        assert grads.observe()
        for method in methods:
            method.decide(grads, step)
        grads.apply()
        for array, expected in zip(given, step["expected"], strict=True):
            plain.assert_close(array, expected, dtype, case["name"])
        if "state" in step:
            expected = step["state"]
            if case["method"] == "zclip" and expected["steps"] < case["config"]["warmup"]:
                # Until the warm-up ends the library holds mean and variance so far, the vectors zeros.
                expected = {"steps": expected["steps"]}
            check_state(methods[0].state, expected)


@pytest.mark.parametrize("case", [c for c in CASES if c["method"] == "optimizer"], ids=named)
def test_optimizers_give_the_expected_parameters(case):
    config, dtype = dict(case["config"]), NAMES[case["dtype"]]
    mask = [role == 0 for role in case["roles"]]
    wide = "float64" if dtype == "float64" else "float32"
    params = arrays(config["params0"], wide)
    first, second = ([np.zeros_like(param) for param in params] for _ in range(2))
    state, slots = np.zeros((), tn.STEP_STATE), tn.Slots(params, first, second)
    sgd = config["optimizer"].startswith("sgd")
    spelled = {"lr": "lr", "wd": "weight_decay"} | (
        {"mu": "momentum", "d": "dampening", "n": "nesterov"}
        if sgd
        else {"b1": "beta1", "b2": "beta2", "eps": "eps", "dec": "decoupled"}
    )
    settings = {spelled[key]: value for key, value in config.items() if key in spelled}
    assert len(settings) == len(config) - 3, "a setting that is not looked at"
    for number, step in enumerate(case["steps"]):
        grads = tn.Gradients(arrays(step["grads"], dtype), mask=mask)
        grads.observe()
        if config["behind"] is not None:
            assert config["behind"] == "stable_grad"
            grads.stable_grad(step["reference"])
        (grads.sgd_step if sgd else grads.adam_step)(state, slots, **settings)
        assert int(state["steps"]) == number + 1
        for param, expected in zip(params, step["params"], strict=True):
            atol = PARAMETER_TOLERANCE[wide] * np.max(np.abs(expected))
            np.testing.assert_allclose(param, expected, rtol=0, atol=atol)


IN_JAX = trimtab.jax._transformations.__all__


@pytest.mark.parametrize("case", [c for c in CASES if c["method"] in IN_JAX], ids=named)
def test_transformations_give_the_expected_gradients_and_states(case):
    config, dtype = dict(case["config"]), NAMES[case["dtype"]]
    mask = [role == 0 for role in case["roles"]]
    if case["method"] in ("stable_grad", "autoscale"):
        config["mask"] = mask
    with plain.x64(dtype == "float64"):
        tx = getattr(trimtab, case["method"])(**config)
        update = tx.update
        state = tx.init([jnp.zeros(3) for _ in mask])
        for step in case["steps"]:
            given = [jnp.asarray(array) for array in arrays(step["grads"], dtype)]
            extra = {"reference": step["reference"]} if "reference" in step else {}
            grads, state = update(given, state, **extra)
            for array, expected in zip(jax.device_get(grads), step["expected"], strict=True):
                assert array.dtype.name == dtype
                plain.assert_close(array, expected, dtype, case["name"])
            if "state" in step:
                held = state.read()
                check_state(held["norms" if "norms" in held else "scale"], step["state"])
