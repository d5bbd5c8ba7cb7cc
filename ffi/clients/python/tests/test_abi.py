"""What is written by hand here against ffi/abi.json, and the layout of the dtypes as NumPy has it."""

import inspect
import json
import pathlib
import subprocess

import pytest

import trimtab
from trimtab import _library, _structs
from trimtab.numpy import Gradients

REPOSITORY = pathlib.Path(__file__).resolve().parents[4]
ABI = json.loads((REPOSITORY / "ffi" / "abi.json").read_text())


def mirror(struct):
    return getattr(_structs, struct.removeprefix("trimtab_").upper())


@pytest.mark.parametrize("struct", ABI["structs"])
def test_every_struct_has_the_layout_of_the_header(struct):
    layout, described = mirror(struct), ABI["structs"][struct]
    assert (layout.itemsize, layout.alignment) == (described["size"], described["alignment"])
    fields = [(name, layout.fields[name][1], layout[name].itemsize) for name in layout.names]
    assert fields == [(field["name"], field["offset"], field["size"]) for field in described["fields"]]


def default(field):
    """As Python has it: enums by their name, numbers as numbers."""
    if field["name"] in _structs.CHOICES:
        numbers = ABI["enums"][field["enum"]]
        return next(k for k, v in _structs.CHOICES[field["name"]].items() if v == numbers[field["default"]])
    return float(field["default"].replace("TRIMTAB_INFINITY", "inf"))


def defaults(config):
    fields = ABI["structs"][config]["fields"]
    return {f["name"]: default(f) for f in fields if f["name"] not in ("struct_size", "reserved")}


def configured():
    """Each function that takes a configuration apart, and the configuration."""
    for name, method in ABI["methods"].items():
        if "config" in method:
            ours = [getattr(trimtab.numpy, name), getattr(Gradients, name), getattr(trimtab, name, None)]
            yield from ((function, method["config"]) for function in ours if function)
    yield Gradients.sgd_step, "trimtab_sgd_config"
    yield Gradients.adam_step, "trimtab_adam_config"


@pytest.mark.parametrize(("function", "config"), [*configured()])
def test_the_defaults_are_those_of_the_init_macros(function, config):
    parameters, expected = inspect.signature(function).parameters, defaults(config)
    values = {name: parameters[name].default for name in expected}
    assert {k: v if isinstance(v, str) else float(v) for k, v in values.items()} == expected


def test_the_package_and_the_library_have_one_version():
    from importlib.metadata import version

    manifest = (REPOSITORY / "Cargo.toml").read_text()
    assert f'version = "{trimtab.version()}"' in manifest
    assert trimtab.__version__ == trimtab.version() == version("trimtab")


def test_only_the_abi_and_the_custom_calls_are_exported():
    library = pathlib.Path(_library.__file__).with_name("_trimtab.so")
    table = subprocess.run(["nm", "-D", "--defined-only", library], check=True, capture_output=True, text=True)
    exported = {line.split()[-1] for line in table.stdout.splitlines()}
    assert exported == set(_structs.FUNCTIONS) | {"trimtab_xla_decide", "trimtab_xla_api_minor"}
