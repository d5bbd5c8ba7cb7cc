"""Gradients: observed, decided about and written."""

from collections.abc import Sequence

import numpy as np

from .. import _structs as structs
from .._config import config
from ._arrays import Arrays, check, check_disjoint, check_writable, named, record_pointer
from ._methods import Methods
from ._slots import Slots


class Gradients(Methods):
    """The gradients of one step: any number of arrays, read and changed where they are.

    Args:
        arrays: float16, bfloat16 (of ml_dtypes), float32 or float64 in any mixture, C-contiguous, of
            any shape. A list, or a dict whose keys then appear in messages. ``list(x)`` treats each
            row of ``x`` as a tensor, which makes every method row-wise.
        mask: which are weights: None for those with ``ndim >= 2``, one bool for all, or one each.

    The object refers to the arrays and keeps them alive. Make it once, and use it at every step if your
    gradients stay in the same arrays. Observe at every step: :meth:`apply` and the optimizers spend what
    was observed and decided, and without :meth:`observe` the next call raises ORDER. An array may not
    change between :meth:`observe` and the write. Two threads must not use one object at the same time.

    Every method but :meth:`observe` raises :class:`trimtab.Error` where the C library refuses: nothing
    is changed then, not a bit of gradients, parameters or states. The statuses that all deciding methods
    have in common: ORDER for gradients not observed, or behind a finite ``clip_value``; NON_FINITE for
    a gradient that is not finite; BAD_CONFIG for a setting out of its range; BAD_STATE for a state that
    no call can have left; OVERFLOW where a scale would leave the range of a double.

    Raises:
        TypeError: not a NumPy array, its dtype, or its byte order.
        ValueError: not C-contiguous or aligned, or memory that two arrays share.

    >>> import numpy as np
    >>> dW, db = np.array([[1e-6, 2e-6], [3e-6, 4e-6]]), np.array([0.5])
    >>> grads = Gradients({"W": dW, "b": db})
    >>> grads.observe()
    True
    >>> grads.stable_grad(reference=0.3)
    >>> grads.apply()
    >>> round(float(dW.std(ddof=1)), 12), db.tolist()
    (0.3, [0.5])
    """

    def __init__(self, arrays: Arrays, *, mask: bool | Sequence[bool] | None = None):
        super().__init__(arrays, mask=mask)
        self._paired: Slots | None = None

    def apply(self) -> None:
        """Writes every gradient in place. Affines are then the identity and moments 0: observe again.

        Raises:
            ValueError: an array is read-only.
            Error: OVERFLOW if a result might exceed the largest finite value of its dtype:
                ``min(limit, |scale| * (abs_max + |center|))`` is the bound.
        """
        check_writable(self.arrays, self.names)
        self._call("trimtab_apply", self._pointer, len(self))

    def apply_into(self, out: Arrays) -> None:
        """Writes every gradient into ``out[i]`` instead; gradients, moments and affines stay: nothing is spent.

        Args:
            out: one array a gradient, of its dtype and shape, in its order. ``out[i]`` may be the
                gradient itself; any other shared memory is refused.

        Raises:
            TypeError, ValueError: an array that does not fit, or is read-only.
            Error: as :meth:`apply`.
        """
        names, outputs = named(out, "out")
        if len(outputs) != len(self):
            raise ValueError(f"out has {len(outputs)} arrays for {len(self)} gradients")
        for name, output, array in zip(names, outputs, self.arrays, strict=True):
            check(output, name)
            if output.dtype != array.dtype or output.shape != array.shape:
                raise ValueError(
                    f"{name} is {output.dtype}{output.shape}, its gradient "
                    f"{array.dtype}{array.shape}: make it by np.empty_like(gradient)"
                )
        check_writable(outputs, names)
        pairs = zip(outputs, names, self.arrays, strict=True)
        others = [(o, name) for o, name, array in pairs if o.ctypes.data != array.ctypes.data]
        check_disjoint(
            [*self.arrays, *(output for output, _ in others)],
            [*self.names, *(name for _, name in others)],
        )
        pointers = np.array([output.ctypes.data for output in outputs], np.uintp)
        self._call("trimtab_apply_into", self._pointer, pointers.ctypes.data, len(self))

    def sgd_step(
        self,
        state: np.ndarray,
        slots: Slots,
        *,
        lr: float = 1e-2,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        decay_roles: str = "all",
    ) -> None:
        """Stochastic gradient descent on all parameters, with torch's conventions.

        ::

            g = affine(gradient) + weight_decay*w
            buffer = g on the first step, then momentum*buffer + (1-dampening)*g
            w -= lr * (g | buffer | g + momentum*buffer)      plain | momentum | nesterov

        The gradients are not written, and have to be observed again.

        Args:
            state: ``np.zeros((), STEP_STATE)`` before the first step; counts steps.
            slots: the parameters, and for a momentum their ``first`` buffers; changed.
            lr: finite.
            momentum: in [0, 1).
            dampening: in [0, 1].
            weight_decay: finite.
            nesterov: look ahead along the momentum, which must not be 0, without dampening.
            decay_roles: what the decay is for, "weights" or "all".

        Raises:
            Error: OVERFLOW if a parameter or buffer may leave the range of its dtype, or the
                configuration does.
        """
        record = config(
            structs.SGD_CONFIG,
            nesterov=bool(nesterov),
            lr=lr,
            momentum=momentum,
            dampening=dampening,
            weight_decay=weight_decay,
            decay_roles=decay_roles,
        )
        settings = f"lr={lr!r}, momentum={momentum!r}, dampening={dampening!r}"
        detail = f"{settings}, weight_decay={weight_decay!r}"
        needed = ("first",) if momentum else ()
        self._step("trimtab_sgd_step", record, state, slots, needed, detail)

    def adam_step(
        self,
        state: np.ndarray,
        slots: Slots,
        *,
        lr: float = 1e-3,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        decoupled: bool = True,
        decay_roles: str = "all",
    ) -> None:
        """Adam or AdamW (decoupled) on all parameters; eps outside the root, bias-corrected.

        ::

            g = affine(gradient)
            decoupled:  w *= 1 - lr*weight_decay          coupled:  g += weight_decay*w
            m = beta1*m + (1-beta1)*g;   v = beta2*v + (1-beta2)*g*g
            w -= lr * (m / (1-beta1^t)) / (sqrt(v / (1-beta2^t)) + eps)        t = steps + 1

        Where root and eps are both 0 the parameter does not move. The gradients are not written, and have
        to be observed again.

        Args:
            state: ``np.zeros((), STEP_STATE)`` before the first step; counts steps.
            slots: the parameters with their ``first`` and ``second`` moments; changed.
            lr: finite.
            beta1: in [0, 1).
            beta2: in [0, 1).
            eps: finite, >= 0.
            weight_decay: finite.
            decoupled: True is AdamW; False adds the decay to the gradient.
            decay_roles: what the decay is for, "weights" or "all".

        Raises:
            Error: OVERFLOW if a gradient may exceed the root of the largest finite value of its
                parameter's dtype (1.8e19 in float32).
        """
        record = config(
            structs.ADAM_CONFIG,
            decoupled=bool(decoupled),
            lr=lr,
            beta1=beta1,
            beta2=beta2,
            eps=eps,
            weight_decay=weight_decay,
            decay_roles=decay_roles,
        )
        settings = f"lr={lr!r}, beta1={beta1!r}, beta2={beta2!r}, eps={eps!r}"
        detail = f"{settings}, weight_decay={weight_decay!r}"
        self._step("trimtab_adam_step", record, state, slots, ("first", "second"), detail)

    def _step(
        self,
        function: str,
        record: np.ndarray,
        state: np.ndarray,
        slots: Slots,
        needed: tuple[str, ...],
        detail: str,
    ) -> None:
        steps = record_pointer(state, structs.STEP_STATE, 1, "state", "np.zeros((), STEP_STATE)")
        self._pair(slots)
        for field in needed:
            if getattr(slots, field) is None:
                raise ValueError(f"this step needs a buffer: Slots(params, {field}=[...]), of zeros at first")
        slots.check_writable()
        pointers = record.ctypes.data, steps, self._pointer, slots.pointer
        self._call(function, *pointers, len(self), detail=detail)

    def _pair(self, slots: Slots) -> None:
        """Refuses slots that do not go with these gradients; looks at each pair once."""
        if slots is self._paired:
            return
        if len(slots.params) != len(self):
            raise ValueError(f"slots has {len(slots.params)} parameters for {len(self)} gradients")
        if None not in (slots.keys, self.keys) and slots.keys != self.keys:
            raise ValueError(
                f"gradients and parameters have different keys, or in different order: {self.keys} and {slots.keys}"
            )
        for array, name, param in zip(self.arrays, self.names, slots.params, strict=True):
            if array.shape != param.shape:
                raise ValueError(f"{name} has shape {array.shape}, its parameter {param.shape}")
        arrays, names = slots.all_arrays()
        check_disjoint([*self.arrays, *arrays], [*self.names, *names])
        self._paired = slots
