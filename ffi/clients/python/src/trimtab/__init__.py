"""trimtab keeps gradients in scale between the backward pass and the optimizer update.

* :mod:`trimtab.numpy` changes NumPy arrays in place, with every method of the C library.
* ``stable_grad``, ``gradient_stabilizer``, ``autoscale`` and ``adagc`` are optax transformations for JAX on the CPU.
  They need JAX and optax: ``pip install "trimtab[jax]"``. Everything else works without.
"""

import importlib
from typing import TYPE_CHECKING

from ._library import Error, cpu_level, init_std, set_threads, version
from ._structs import Status

if TYPE_CHECKING:
    from . import jax, numpy
    from .jax import *  # noqa: F403

__version__ = version()

_FROM_JAX = (
    "AutoscaleState",
    "GradientStabilizerState",
    "StableGradState",
    "adagc",
    "autoscale",
    "gradient_stabilizer",
    "stable_grad",
)

__all__ = [
    "Error",
    "Status",
    "cpu_level",
    "init_std",
    "jax",
    "numpy",
    "set_threads",
    "version",
    *_FROM_JAX,
]


def __getattr__(name: str) -> object:
    """Imports JAX when something is asked for that needs it."""
    if name in _FROM_JAX:
        return getattr(importlib.import_module(f"{__name__}.jax"), name)
    if name in ("jax", "numpy"):
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
