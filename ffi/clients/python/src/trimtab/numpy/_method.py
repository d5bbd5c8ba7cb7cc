"""A method of a chain, as the C library is told about it."""

import dataclasses

import numpy as np

from .. import _structs as structs
from ._arrays import record_pointer


@dataclasses.dataclass(frozen=True)
class Held:
    """An array of the caller's that a method works with: its states, or moments of the parameters."""

    array: np.ndarray
    layout: np.dtype
    what: str
    how: str  # How to make one, of {n} entries.
    each: bool = False  # One a gradient, or one in all.

    def pointer(self, n: int) -> int:
        """Its address, where it suits `n` gradients."""
        n = n if self.each else 1
        return record_pointer(self.array, self.layout, n, self.what, self.how.format(n=n))


@dataclasses.dataclass(frozen=True)
class Method:
    """A method with its settings and its state, for :meth:`Gradients.decide`.

    Made by the functions of its name, such as :func:`trimtab.numpy.clip_norm`; may be used again at every step.
    """

    name: str
    config: np.ndarray | None = None
    number: float = 0.0
    state: Held | None = None
    input: Held | None = None
    detail: str = ""  # The settings, for messages.

    def record(self, n: int) -> tuple[int, int, int, int, float, int]:
        """The C library's ``trimtab_method``, for `n` gradients. The method has to outlive it."""
        config = 0 if self.config is None else self.config.ctypes.data
        state, given = (held.pointer(n) if held else 0 for held in (self.state, self.input))
        return structs.METHODS[self.name], 0, config, state, self.number, given
