"""States as bytes, and back."""

from collections.abc import Sequence

import numpy as np

from .._library import call, refusal
from .._structs import STATE_KINDS, STATES, Status
from ._arrays import check_disjoint, record_pointer


def save_states(states: Sequence[np.ndarray]) -> bytes:
    """All states of a run as bytes with checksums, the same on every machine.

    A run that loads them goes on as if it had never stopped, to the bit. Parameters and the optimizer's
    buffers are yours to save. The header says what is in the bytes.

    Args:
        states: arrays of dtype ``NORM_STATE``, ``AUTOSCALE_STATE``, ``ZCLIP_STATE``, ``GUARD_STATE`` or
            ``STEP_STATE``; only read.

    >>> import numpy as np
    >>> from trimtab.numpy import NORM_STATE, STEP_STATE
    >>> norms, step = np.zeros(3, NORM_STATE), np.zeros((), STEP_STATE)
    >>> step["steps"] = 7
    >>> kept = save_states([norms, step])
    >>> step["steps"] = 0
    >>> load_states([norms, step], kept)
    >>> int(step["steps"])
    7
    """
    entries = _entries(states, writable=False)
    size = np.zeros((), np.uintp)
    _call("trimtab_state_save", entries, None, 0, size.ctypes.data)
    into = np.zeros(int(size), np.uint8)
    _call("trimtab_state_save", entries, into.ctypes.data, into.size, size.ctypes.data)
    return into.tobytes()


def load_states(states: Sequence[np.ndarray], saved: bytes) -> None:
    """Reads back what :func:`save_states` has written: all of the states or, refused, none.

    Args:
        states: arrays of the same dtypes and sizes, in the same order; changed.
        saved: what was saved, and nothing behind it.

    Raises:
        Error: BAD_MAGIC, BAD_VERSION, TRUNCATED, BAD_LENGTH or BAD_CHECKSUM for the bytes; WRONG_KIND or
            WRONG_COUNT for other states than those that were saved.
    """
    source = np.frombuffer(saved, np.uint8)
    check_disjoint(states, [f"states[{index}]" for index in range(len(states))])
    _call("trimtab_state_load", _entries(states, writable=True), source.ctypes.data, source.size)


def _entries(states: Sequence[np.ndarray], *, writable: bool) -> np.ndarray:
    entries = np.zeros(len(states), STATES)
    for index, state in enumerate(states):
        name = f"states[{index}]"
        kinds = [kind for layout, kind in STATE_KINDS if layout == getattr(state, "dtype", None)]
        if not kinds:
            raise TypeError(f"{name} is no state: pass an array of dtype NORM_STATE, or another of them")
        pointer = record_pointer(state, state.dtype, state.size, name, "np.zeros(n, NORM_STATE)", writable=writable)
        entries[index] = (pointer, state.size, kinds[0], 0)
    return entries


def _call(function: str, entries: np.ndarray, *arguments: object) -> None:
    status = call(function, entries.ctypes.data, len(entries), *arguments)
    if status != Status.OK:
        raise refusal(status, function)
