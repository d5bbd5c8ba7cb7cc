"""Parameters, and what an optimizer remembers of them."""

from collections.abc import Mapping

import numpy as np

from .._structs import SLOT
from ._arrays import Arrays, check, check_disjoint, check_writable, named

_BUFFERS = ("first", "second")
_PARAMETERS = ("float32", "float64")


class Slots:
    """The parameters that a step changes, and the buffers that its optimizer keeps.

    Args:
        params: the parameters, in the order of their gradients: float32 or float64, changed in place.
        first: Adam's first moments, or SGD's momentum buffers (not needed if momentum is 0); zeros
            before the first step. Each has shape and dtype of its parameter.
        second: Adam's second moments; likewise.

    The arrays are yours and stay where they are; this object refers to them, and keeps them alive.

    Raises:
        TypeError: not a NumPy array, or its dtype.
        ValueError: its shape, not C-contiguous, read-only, or memory that two arrays share.
    """

    def __init__(self, params: Arrays, first: Arrays | None = None, second: Arrays | None = None):
        self.names, self.params = named(params, "parameter")
        self.first, self.second = self._buffers(params, first, 0), self._buffers(params, second, 1)
        self.keys = list(params) if isinstance(params, Mapping) else None
        self._records = np.zeros(len(self.params), SLOT)
        for index, (name, param) in enumerate(zip(self.names, self.params, strict=True)):
            self._records[index]["dtype"] = check(param, name, _PARAMETERS)
            self._records[index]["param"] = param.ctypes.data
        for field, buffers in zip(_BUFFERS, (self.first, self.second), strict=True):
            for index, buffer in enumerate(buffers or []):
                self._check_like_parameter(buffer, f"{field}[{index}]", index)
                self._records[index][field] = buffer.ctypes.data
        self.check_writable()
        check_disjoint(*self.all_arrays())

    def _buffers(self, params: Arrays, buffers: Arrays | None, which: int) -> list[np.ndarray] | None:
        if buffers is None:
            return None
        field = _BUFFERS[which]
        if isinstance(params, Mapping) and isinstance(buffers, Mapping):
            if params.keys() != buffers.keys():
                raise ValueError(f"{field} and params have different keys")
            return [buffers[key] for key in params]
        _, listed = named(buffers, f"{field} buffer")
        if len(listed) != len(self.params):
            raise ValueError(f"{field} has {len(listed)} arrays for {len(self.params)} parameters")
        return listed

    def _check_like_parameter(self, buffer: np.ndarray, name: str, index: int) -> None:
        param = self.params[index]
        check(buffer, name, _PARAMETERS)
        if buffer.dtype != param.dtype or buffer.shape != param.shape:
            raise ValueError(
                f"{name} is {buffer.dtype}{buffer.shape}, {self.names[index]} is "
                f"{param.dtype}{param.shape}: make it by np.zeros_like(parameter)"
            )

    def all_arrays(self) -> tuple[list[np.ndarray], list[str]]:
        """Parameters and buffers, and their names."""
        arrays, names = list(self.params), list(self.names)
        for field, buffers in zip(_BUFFERS, (self.first, self.second), strict=True):
            for index, buffer in enumerate(buffers or []):
                arrays.append(buffer)
                names.append(f"{field}[{index}]")
        return arrays, names

    def check_writable(self) -> None:
        """Refuses arrays that have become read-only."""
        check_writable(*self.all_arrays())

    @property
    def pointer(self) -> int:
        """The address of the C library's descriptors."""
        return self._records.ctypes.data
