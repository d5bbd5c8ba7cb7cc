"""The structs, numbers and functions of this package against ffi/abi.json and the header itself."""

import inspect
import json
import pathlib
import re
import subprocess

import numpy as np
import pytest

import trimtab
from trimtab import _library, _structs
from trimtab.numpy import Gradients

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
ABI = json.loads((REPOSITORY / "ffi" / "abi.json").read_text())
TYPES = {"uint32_t": np.uint32, "uint64_t": np.uint64, "double": np.float64, "size_t": np.uintp}
NESTED = {"trimtab_moments": _structs.MOMENTS, "trimtab_affine": _structs.AFFINE}


def mirror(struct):
    return getattr(_structs, struct.removeprefix("trimtab_").upper())


@pytest.mark.parametrize("struct", ABI["structs"])
def test_every_struct_has_the_layout_of_the_header(struct):
    layout, described = mirror(struct), ABI["structs"][struct]
    assert layout.itemsize == described["size"]
    assert layout.alignment == described["alignment"]
    assert list(layout.names) == [field["name"] for field in described["fields"]]
    for field in described["fields"]:
        kind, offset = layout.fields[field["name"]][:2]
        expected = NESTED.get(field["type"]) or TYPES.get(field["type"], np.uintp)
        assert (kind, offset, kind.itemsize) == (expected, field["offset"], field["size"])
        assert field["type"].endswith("*") or field["type"] in TYPES or field["type"] in NESTED


def names_and_numbers(enum, prefix):
    values = ABI["enums"][enum].items()
    return {name.removeprefix(prefix).lower(): number for name, number in values}


def test_every_enum_has_the_numbers_of_the_header():
    statuses = names_and_numbers("trimtab_status_code", "TRIMTAB_")
    assert {status.name.lower(): status.value for status in trimtab.Status} == statuses
    ours = {
        "trimtab_roles": ("TRIMTAB_ROLES_", _structs.ROLES),
        "trimtab_scope": ("TRIMTAB_SCOPE_", _structs.SCOPES),
        "trimtab_guard_policy": ("TRIMTAB_GUARD_", _structs.POLICIES),
        "trimtab_method_kind": ("TRIMTAB_METHOD_", _structs.METHODS),
        "trimtab_activation": ("TRIMTAB_", _structs.ACTIVATIONS),
        "trimtab_role": ("TRIMTAB_", {"weight": _structs.WEIGHT, "bias": _structs.BIAS}),
    }
    short = {"float32": "f32", "float16": "f16", "bfloat16": "bf16", "float64": "f64"}
    dtypes = {short[name]: number for name, number in _structs.DTYPES.items()}
    ours["trimtab_dtype"] = ("TRIMTAB_", dtypes)
    kinds = {
        name: dict(_structs.STATE_KINDS)[mirror(f"trimtab_{name}_state")]
        for name in ("norm", "autoscale", "zclip", "guard", "step")
    }
    ours["trimtab_state_kind"] = ("TRIMTAB_STATE_", kinds)
    assert set(ours) | {"trimtab_status_code"} == set(ABI["enums"]), "an enum that is not mirrored"
    for enum, (prefix, mirrored) in ours.items():
        assert mirrored == names_and_numbers(enum, prefix), enum


def test_every_function_is_declared_as_in_the_header():
    by_type = {
        "trimtab_status": _library._status,
        "int32_t": _library._status,
        "uint32_t": _library._u32,
        "size_t": _library._size,
        "double": _library._f64,
        "const char *": _library._text,
    }

    def kind(text):
        return by_type.get(text) or (_library._pointer if text.endswith("*") else pytest.fail(text))

    described = {f["name"]: tuple(kind(text) for text in [f["returns"], *f["parameters"]]) for f in ABI["functions"]}
    assert described == _library.FUNCTIONS


def defaults_of_the_header(tmp_path):
    """Every field of every INIT macro, as the C compiler has it."""
    configs = [name for name in ABI["structs"] if name.endswith("_config")]
    lines = ["#include <stdio.h>", '#include "trimtab.h"', "int main(void) {"]
    for config in configs:
        lines.append(f"    {config} {config}_0 = {config.upper()}_INIT;")
        for field in ABI["structs"][config]["fields"]:
            name = field["name"]
            lines.append(f'    printf("{config} {name} %.17g\\n", (double){config}_0.{name});')
    (tmp_path / "defaults.c").write_text("\n".join([*lines, "    return 0;", "}", ""]))
    program = tmp_path / "defaults"
    include = f"-I{REPOSITORY / 'include'}"
    subprocess.run(["cc", include, tmp_path / "defaults.c", "-o", program], check=True)
    output = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    found = {config: {} for config in configs}
    for line in output.splitlines():
        config, field, value = line.split()
        found[config][field] = float(value)
    return found


def test_the_defaults_are_those_of_the_init_macros(tmp_path):
    methods = {
        "guard": Gradients.guard,
        "stable_grad": Gradients.stable_grad,
        "gradient_stabilizer": Gradients.gradient_stabilizer,
        "centralize": Gradients.centralize,
        "znorm": Gradients.znorm,
        "clip_norm": Gradients.clip_norm,
        "agc": Gradients.agc,
        "zclip": Gradients.zclip,
        "sgd": Gradients.sgd_step,
        "adam": Gradients.adam_step,
    }
    numbers = {
        "roles": _structs.ROLES,
        "decay_roles": _structs.ROLES,
        "scope": _structs.SCOPES,
        "policy": _structs.POLICIES,
    }
    transformations = {
        "stable_grad": trimtab.stable_grad,
        "gradient_stabilizer": trimtab.gradient_stabilizer,
    }
    for config, fields in defaults_of_the_header(tmp_path).items():
        name = re.fullmatch("trimtab_(.*)_config", config)[1]
        assert fields.pop("struct_size") == mirror(config).itemsize
        assert fields.pop("reserved", 0) == 0
        for function in [methods[name], transformations.get(name)]:
            if function is None:
                continue
            parameters = inspect.signature(function).parameters
            values = {f: parameters[f].default for f in fields}
            values = {f: numbers[f][v] if f in numbers else float(v) for f, v in values.items()}
            assert values == fields, f"{function.__qualname__}"


def test_the_package_and_the_library_have_one_version():
    from importlib.metadata import version

    manifest = (REPOSITORY / "Cargo.toml").read_text()
    assert f'version = "{trimtab.version()}"' in manifest
    assert trimtab.__version__ == trimtab.version() == version("trimtab")


def test_only_the_abi_and_the_custom_calls_are_exported():
    library = pathlib.Path(_library.__file__).with_name("_trimtab.so")
    table = subprocess.run(["nm", "-D", "--defined-only", library], check=True, capture_output=True, text=True)
    exported = {line.split()[-1] for line in table.stdout.splitlines()}
    calls = {f"trimtab_xla_{name}" for name in ("stable_grad", "gradient_stabilizer", "autoscale")}
    assert exported == set(_library.FUNCTIONS) | calls | {"trimtab_xla_api_minor"}
