"""What arrays have to be like, and what to do where they are not: all of it before C sees a pointer."""

import itertools
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from .._config import DTYPES

Arrays = Sequence[np.ndarray] | Mapping[str, np.ndarray]


def named(arrays: Arrays, what: str) -> tuple[list[str], list[np.ndarray]]:
    """The arrays, and what to call each in a message: ``gradient 2`` or ``gradient 'w1'``."""
    if isinstance(arrays, np.ndarray):
        raise TypeError(f"pass a list of {what}s, not one array: [x] treats x as one tensor, list(x) each of its rows")
    if isinstance(arrays, Mapping):
        return [f"{what} {key!r}" for key in arrays], list(arrays.values())
    listed = list(arrays)
    return [f"{what} {index}" for index in range(len(listed))], listed


def check(array: np.ndarray, name: str, allowed: Iterable[str] = DTYPES) -> int:
    """The C library's number for the element type; refuses what is not elements in a row."""
    if not isinstance(array, np.ndarray):
        raise TypeError(
            f"{name} is a {type(array).__module__}.{type(array).__name__}: pass a numpy.ndarray, "
            "which can be read and changed in place"
        )
    if array.dtype.name not in allowed:
        raise TypeError(
            f"{name} has dtype {array.dtype}: it must be one of {', '.join(allowed)}; convert it with .astype"
        )
    if not array.dtype.isnative:
        raise TypeError(
            f"{name} is byte-swapped ({array.dtype.str}): convert it with .astype(x.dtype.newbyteorder('='))"
        )
    if not array.flags.c_contiguous:
        raise ValueError(
            f"{name} is not C-contiguous: pass a contiguous array, such as np.ascontiguousarray(x), "
            "and copy the result back if you need it there"
        )
    if not array.flags.aligned:
        raise ValueError(f"{name} is not aligned to its element type: pass a copy, x.copy()")
    return DTYPES[array.dtype.name]


def check_writable(arrays: Iterable[np.ndarray], names: Iterable[str]) -> None:
    """Refuses read-only arrays, such as views of JAX arrays and of files opened for reading."""
    for array, name in zip(arrays, names, strict=True):
        if not array.flags.writeable:
            raise ValueError(f"{name} is read-only: pass a copy, x.copy(), or a writable view")


def check_disjoint(arrays: Iterable[np.ndarray], names: Iterable[str]) -> None:
    """Refuses arrays that share memory; they are contiguous, so ranges of addresses say it all."""
    ranges = [
        (array.ctypes.data, array.ctypes.data + array.nbytes, name)
        for array, name in zip(arrays, names, strict=True)
        if array.nbytes > 0
    ]
    ranges.sort(key=lambda span: span[0])
    for (_, end, name), (start, _, other) in itertools.pairwise(ranges):
        if start < end:
            raise ValueError(f"{name} and {other} overlap in memory: pass a copy of one of them")


def record_pointer(array: np.ndarray, layout: np.dtype, n: int, what: str, how: str, *, writable: bool = True) -> int:
    """The address of `n` structs, states or moments, of the caller's."""
    if not isinstance(array, np.ndarray) or array.dtype != layout:
        kind = f"dtype {array.dtype}" if isinstance(array, np.ndarray) else type(array).__name__
        raise TypeError(f"{what} is {kind}: pass an array made by {how}")
    if array.size != n:
        raise ValueError(f"{what} has {array.size} entries and needs {n}: make it by {how}")
    if not array.flags.c_contiguous or not array.flags.aligned:
        raise ValueError(f"{what} is not contiguous and aligned: pass an array made by {how}")
    if writable:
        check_writable([array], [what])
    return array.ctypes.data
