"""What transformations remember, as arrays that JAX can hold.

The C library's states are structs of f64 and u64, types that JAX has only with 64-bit types switched on.
They are therefore kept as their bytes, in uint32 arrays: exact, the same either way, and safe to copy, to
write to disk and to read back. ``read`` shows what they say.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from .._structs import AUTOSCALE_STATE, GUARD_STATE, NORM_STATE


def zeros(layout: np.dtype, *shape: int) -> jax.Array:
    """States before the first step."""
    return jnp.zeros((*shape, layout.itemsize // 4), jnp.uint32)


def records(words: jax.Array, layout: np.dtype) -> np.ndarray:
    """The C structs whose bytes these are, copied to the host."""
    held = np.ascontiguousarray(words, np.uint32)
    return held.view(layout).reshape(held.shape[:-1])


class StableGradState(NamedTuple):
    """StableGrad itself remembers nothing."""

    guard: jax.Array  #: uint32[4]: how many steps were not finite

    def read(self) -> dict[str, np.ndarray]:
        """The counts as a NumPy record, "guard": {consecutive, total}. Outside of jit only."""
        return {"guard": records(self.guard, GUARD_STATE)}


class GradientStabilizerState(NamedTuple):
    """Running averages of the norms: of gradient_stabilizer, and of adagc."""

    norms: jax.Array  #: uint32[n, 8], a row a leaf in the order of the tree; one row for scope "global"
    guard: jax.Array  #: uint32[4]: how many steps were not finite

    def read(self) -> dict[str, np.ndarray]:
        """NumPy records, "norms": {m, v, steps, skipped}[n] and "guard". Outside of jit only."""
        return {
            "norms": records(self.norms, NORM_STATE),
            "guard": records(self.guard, GUARD_STATE),
        }


class AutoscaleState(NamedTuple):
    """The exponent that the first step has fixed, and the last step's sigma and alpha."""

    scale: jax.Array  #: uint32[8]
    guard: jax.Array  #: uint32[4]: how many steps were not finite

    def read(self) -> dict[str, np.ndarray]:
        """NumPy records, "scale": {exponent, sigma, alpha, steps} and "guard". Outside of jit only."""
        return {
            "scale": records(self.scale, AUTOSCALE_STATE),
            "guard": records(self.guard, GUARD_STATE),
        }
