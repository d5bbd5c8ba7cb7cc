"""A method of a chain, as the C library is told about it."""

import dataclasses
from typing import Any

import numpy as np

from .. import _structs as structs
from .._config import config
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
        record = 0 if self.config is None else self.config.ctypes.data
        state, given = (held.pointer(n) if held else 0 for held in (self.state, self.input))
        return structs.METHOD_KIND[self.name], 0, record, state, self.number, given


def made(name: str, **arguments: Any) -> Method:
    """A method, made of the arguments of the function of its name, in their order."""
    recipe = structs.METHODS[name]
    state, given = (_held(held, arguments) for held in (recipe.state, recipe.input))
    detail = ", ".join(f"{what}={value!r}" for what, value in arguments.items() if what not in structs.CHOICES)
    number = float(arguments.pop(recipe.number)) if recipe.number else 0.0
    record = None if recipe.config is None else config(recipe.config, **arguments)
    return Method(name, config=record, number=number, state=state, input=given, detail=detail)


def _held(held: structs.Held | None, arguments: dict[str, Any]) -> Held | None:
    if held is None:
        return None
    each = held.count == "n" or (held.count == "n or one" and arguments["scope"] != "global")
    states = f"np.zeros({'{n}' if held.count != 'one' else '()'}, {held.layout})"
    how = f"moments([...]) of the {held.name}" if held.layout == "MOMENTS" else states
    return Held(arguments.pop(held.name), getattr(structs, held.layout), held.name, how, each)
