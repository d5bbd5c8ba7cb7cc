"""The custom call: registered once under a name for each method, refused where there is no CPU."""

import pathlib
import re
from typing import Any

import jax
from jax.extend.core import Primitive
from jax.interpreters import batching, mlir

from .._library import library
from .._structs import METHODS


def _target(method: str) -> str:
    return f"trimtab_xla_{method}"


def check_headers() -> None:
    """Refuses an XLA older than the headers this was built with, which would not start with our calls in it."""
    header = pathlib.Path(jax.ffi.include_dir(), "xla", "ffi", "api", "c_api.h")
    found = re.search(r"define XLA_FFI_API_MINOR (\d+)", header.read_text(encoding="utf-8"))
    built = library.trimtab_xla_api_minor()
    if found and int(found[1]) < built:
        raise ImportError(
            f"trimtab was built for version 0.{built} of XLA's foreign function interface, and this jaxlib has "
            f"0.{found[1]}: install a newer jax, or trimtab again with --no-build-isolation in this environment"
        )


check_headers()
for _method in METHODS:
    jax.ffi.register_ffi_target(_target(_method), jax.ffi.pycapsule(library.trimtab_xla_decide), platform="cpu")

# The identity, on the CPU. Only when a program is lowered is it known where it will run; there is no
# public way to refuse then other than a primitive that some platforms have no rule for.
_cpu_only_p = Primitive("trimtab_cpu_only")
_cpu_only = jax.jit(_cpu_only_p.bind)
_cpu_only_p.def_impl(_cpu_only)
_cpu_only_p.def_abstract_eval(lambda x: x)
batching.defvectorized(_cpu_only_p)
mlir.register_lowering(_cpu_only_p, lambda _, x: [x], platform="cpu")


def _refuse(context: mlir.LoweringRuleContext, _: Any) -> list[Any]:
    platforms = " and ".join(context.module_context.platforms)
    raise NotImplementedError(
        f"trimtab's XLA calls exist for the CPU only, and this program is compiled for {platforms}: compile it "
        'for the CPU, under jax.default_device(jax.devices("cpu")[0]) or with JAX_PLATFORMS=cpu'
    )


mlir.register_lowering(_cpu_only_p, _refuse)


def call(
    method: str,
    guard: jax.Array,
    numbers: list[Any],
    states: list[jax.Array],
    grads: list[jax.Array],
    **attributes: Any,
) -> tuple[jax.Array, list[jax.Array], list[jax.Array]]:
    """One custom call: the new guard, states and gradients. Operands are as native/xla.cpp states."""
    operands = [_cpu_only_p.bind(guard), *numbers, *states, *grads]
    kept = [0, *range(1 + len(numbers), len(operands))]  # Each of these may be changed in place.
    function = jax.ffi.ffi_call(
        _target(method),
        [jax.ShapeDtypeStruct(operands[i].shape, operands[i].dtype) for i in kept],
        vmap_method="sequential",
        input_output_aliases={operand: result for result, operand in enumerate(kept)},
    )
    guard, *rest = function(*operands, method=method, **attributes)
    return guard, rest[: len(states)], rest[len(states) :]
