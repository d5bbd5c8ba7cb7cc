"""Moments by themselves: of predictions, of parameters, streamed or merged."""

from collections.abc import Callable

import numpy as np

from .._library import call, library, refusal
from .._structs import MOMENTS, Status
from ._arrays import Arrays, check, named, record_pointer

_HOW = "np.zeros((), trimtab.numpy.MOMENTS) or moments(...)"


def moments(arrays: np.ndarray | Arrays) -> np.ndarray:
    """Count, sum, sum of squares and largest magnitude: of an array, or of each of several.

    The arrays are read once and not written; they may be read-only.

    Returns:
        For one array a record (shape ``()``, dtype ``MOMENTS``), for n of them shape ``(n,)``. Where an
        element is not finite the sums are not either.

    >>> import numpy as np
    >>> m = moments(np.array([3.0, -4.0]))
    >>> float(m["sum"]), float(m["sum_sq"]), moments_norm(m)
    (-1.0, 25.0, 5.0)
    """
    if isinstance(arrays, np.ndarray):
        into = np.zeros((), MOMENTS)
        _add(into.ctypes.data, arrays, "the array")
        return into
    names, listed = named(arrays, "array")
    for name, array in zip(names, listed, strict=True):
        check(array, name)
    into = np.zeros(len(listed), MOMENTS)
    for index, (name, array) in enumerate(zip(names, listed, strict=True)):
        _add(into.ctypes.data + index * MOMENTS.itemsize, array, name)
    return into


def observe_chunk(into: np.ndarray, data: np.ndarray) -> bool:
    """Adds the elements of an array to moments: streams a tensor while it is hot.

    A boundary between chunks at a multiple of 65,536 elements from the start of the tensor changes no
    bit of the result.

    Args:
        into: one record of dtype ``MOMENTS``, zeros before the first chunk; changed.
        data: any shape, float16, bfloat16, float32 or float64; read only.

    Returns:
        Whether all elements added so far are finite (f64: and at most 1e150 in magnitude).
    """
    return _add(record_pointer(into, MOMENTS, 1, "into", _HOW), data, "data")


def _add(into: int, data: np.ndarray, name: str) -> bool:
    dtype = check(data, name)
    status = call("trimtab_observe_chunk", into, data.ctypes.data, data.size, dtype)
    if status not in (Status.OK, Status.NON_FINITE):
        raise refusal(status, "trimtab_observe_chunk", name)
    return status == Status.OK


def moments_merge(into: np.ndarray, other: np.ndarray) -> None:
    """Adds the elements that ``other`` describes to ``into``: ranks, shards, several outputs.

    Args:
        into: one record of dtype ``MOMENTS``; changed.
        other: one record of dtype ``MOMENTS``; may be ``into`` itself.

    Raises:
        Error: BAD_LENGTH if the count overflows, BAD_STATE for a negative sum of squares or magnitude.
    """
    target = record_pointer(into, MOMENTS, 1, "into", _HOW)
    source = _records(other).reshape(())
    status = call("trimtab_moments_merge", target, source.ctypes.data)
    if status != Status.OK:
        raise refusal(status, "trimtab_moments_merge")


def moments_mean(moments: np.ndarray) -> float | np.ndarray:
    """``sum / count``; NaN for no elements. A float for one record, an array for several."""
    return _each(library.trimtab_moments_mean, moments)


def moments_std(moments: np.ndarray) -> float | np.ndarray:
    """Unbiased standard deviation, ``sqrt((sum_sq - sum^2/count) / (count - 1))``.

    NaN for fewer than two elements. A difference of at most ``2^-44 sum_sq`` is rounding and counts as
    0. A float for one record, an array for several.
    """
    return _each(library.trimtab_moments_std, moments)


def moments_norm(moments: np.ndarray) -> float | np.ndarray:
    """2-norm, ``sqrt(sum_sq)``. A float for one record, an array for several."""
    return _each(library.trimtab_moments_norm, moments)


def _records(moments: np.ndarray) -> np.ndarray:
    records = np.ascontiguousarray(moments)
    if records.dtype != MOMENTS:
        raise TypeError(f"these are no moments but dtype {records.dtype}: make them by {_HOW}")
    return records.reshape(np.shape(moments))


def _each(function: Callable[[int], float], moments: np.ndarray) -> float | np.ndarray:
    records = _records(moments)
    start, size = records.ctypes.data, MOMENTS.itemsize
    values = [function(start + index * size) for index in range(records.size)]
    return np.array(values).reshape(records.shape) if records.ndim else values[0]
