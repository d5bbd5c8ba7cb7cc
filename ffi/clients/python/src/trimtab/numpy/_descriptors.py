"""What the C library is told about gradients, and how its refusals are explained."""

from collections.abc import Mapping, Sequence

import numpy as np

from .. import _structs as structs
from .._library import Error, call, refusal
from .._structs import Status
from ._arrays import Arrays, check, check_disjoint, named


class Descriptors:
    """The observing half of :class:`trimtab.numpy.Gradients`."""

    def __init__(self, arrays: Arrays, *, mask: bool | Sequence[bool] | None = None):
        self.names, self.arrays = named(arrays, "gradient")
        self.keys = list(arrays) if isinstance(arrays, Mapping) else None
        weights = self._weights(mask)
        self._tensors = np.zeros(len(self.arrays), structs.TENSOR)
        for index, (array, name) in enumerate(zip(self.arrays, self.names, strict=True)):
            descriptor = self._tensors[index]
            descriptor["dtype"] = check(array, name)
            descriptor["data"], descriptor["len"] = array.ctypes.data, array.size
            descriptor["role"] = structs.ROLE["weight" if weights[index] else "bias"]
        self._tensors["affine"]["scale"], self._tensors["affine"]["limit"] = 1.0, np.inf
        check_disjoint(self.arrays, self.names)

    def _weights(self, mask: bool | Sequence[bool] | None) -> list[bool]:
        if mask is None:
            return [np.ndim(array) >= 2 for array in self.arrays]
        if isinstance(mask, bool | np.bool_):
            return [mask] * len(self.arrays)
        if len(mask) != len(self.arrays):
            raise ValueError(f"mask has {len(mask)} entries for {len(self.arrays)} gradients")
        return [bool(weight) for weight in mask]

    def __len__(self) -> int:
        return len(self.arrays)

    @property
    def moments(self) -> np.ndarray:
        """What was observed: one record of dtype ``MOMENTS`` a gradient, a view that can be written.

        You may fill in your own, streamed by :func:`observe_chunk` or merged over ranks, instead of
        calling :meth:`observe`; a count above the array's size then means that the array is a shard.
        Reset :attr:`affines` to ``(0, 1, inf)`` with them.
        """
        return self._tensors["moments"]

    @property
    def affines(self) -> np.ndarray:
        """What was decided and not yet written, ``clamp((x - center) * scale, -limit, limit)``.

        One record of dtype ``AFFINE`` a gradient, a view that can be written.
        """
        return self._tensors["affine"]

    def observe(self) -> bool:
        """Reads every gradient once: fills in :attr:`moments` and resets :attr:`affines`.

        Returns:
            Whether all elements are finite (f64: and at most 1e150 in magnitude). If not, moments are
            filled in all the same: put :meth:`guard` next, every other method refuses.
        """
        return self._call("trimtab_observe", self._pointer, len(self), passes=Status.NON_FINITE)

    def outlook(self) -> np.ndarray:
        """Statistics of the gradients as they will be written: one record of dtype ``MOMENTS`` each.

        ``abs_max`` is an upper bound; a finite ``clip_value`` is seen in that alone. Ask before the
        write, which spends what was observed and decided.

        Raises:
            Error: ORDER for gradients not observed.
        """
        into = np.zeros(len(self), structs.MOMENTS)
        for index in range(len(self)):
            tensor = self._pointer + index * structs.TENSOR.itemsize
            status = call("trimtab_outlook", tensor, into.ctypes.data + index * structs.MOMENTS.itemsize)
            if status != Status.OK:
                raise self._refusal(status, "trimtab_outlook", index)
        return into

    @property
    def _pointer(self) -> int:
        return self._tensors.ctypes.data

    def _call(self, function: str, *arguments: object, passes: Status = Status.OK, detail: str = "") -> bool:
        """Whether the function returns OK; raises for everything else, but for what ``passes``."""
        at = np.zeros((), np.uintp)
        status = call(f"{function}_at", *arguments, at.ctypes.data)
        if status not in (Status.OK, passes):
            raise self._refusal(status, function, int(at), detail)
        return status == Status.OK

    def _refusal(self, status: Status, function: str, at: int, detail: str = "", where: str = "") -> Error:
        """Names the gradient at this index, and the settings where they are to blame."""
        if at < len(self):
            where = f"{where}: {self.names[at]}" if where else self.names[at]
        settings = status in (Status.BAD_CONFIG, Status.BAD_REFERENCE)
        return refusal(status, function, where, detail if settings else "")
