"""The methods: from moments to affines. No element is read or written here."""

import numpy as np

from .. import _structs as structs
from .._library import call
from .._structs import Status, choice, config
from ._arrays import record_pointer
from ._descriptors import Descriptors


class Methods(Descriptors):
    """The deciding half of :class:`trimtab.numpy.Gradients`: any number of these, in order."""

    def unscale(self, loss_scale: float) -> None:
        """Undoes a loss scale: ``g / loss_scale``, all gradients. Put :meth:`guard` before it.

        Args:
            loss_scale: finite and > 0.
        """
        self._decide("trimtab_unscale", float(loss_scale), detail=f"loss_scale={loss_scale!r}")

    def scale(self, factor: float) -> None:
        """Multiplies by a factor: ``g * factor``, all gradients.

        Args:
            factor: finite.
        """
        self._decide("trimtab_scale", float(factor), detail=f"factor={factor!r}")

    def guard(self, state: np.ndarray, *, policy: str = "skip_step", max_consecutive: int = 0) -> bool:
        """Stands before the other methods, which all refuse gradients that are not finite.

        Args:
            state: ``np.zeros((), GUARD_STATE)`` before the first step; counts bad steps.
            policy: "skip_step" leaves the gradients alone, "zero" turns the offending ones into zeros.
            max_consecutive: how many bad steps in a row mean that the run has diverged; 0: never.

        Returns:
            Whether to go on: False says to skip this step, make no optimizer step.

        Raises:
            Error: DIVERGED at the ``max_consecutive``-th bad step in a row, which is not counted.
        """
        pointer = record_pointer(state, structs.GUARD_STATE, 1, "state", "np.zeros((), GUARD_STATE)")
        record = config(
            structs.GUARD_CONFIG,
            policy=choice(structs.POLICIES, policy, "policy"),
            max_consecutive=max_consecutive,
        )
        status = call("trimtab_guard", record.ctypes.data, pointer, self._pointer, len(self))
        if status not in (Status.OK, Status.SKIP_STEP):
            raise self._refusal(status, "trimtab_guard")
        return status == Status.OK

    def stable_grad(self, reference: float, *, roles: str = "weights", eps: float = 0.0) -> None:
        """StableGrad (arXiv 2605.19856): ``g * reference / (std(g) + eps)``.

        For gradients of the chosen roles with at least 2 elements and a standard deviation above 0;
        the others stay as they are. No state.

        Args:
            reference: standard deviation of dL/d(prediction) over the whole batch, such as
                ``moments_std(moments(dy))``; in a PINN pool the gradients with respect to u and its
                derivatives. The last weight gradient's is the poorest choice: it is as large as the gradients.
            roles: "weights" or "all".
            eps: finite, >= 0.

        Raises:
            Error: BAD_REFERENCE unless the reference is finite and > 0.
        """
        record = config(structs.STABLE_GRAD_CONFIG, roles=choice(structs.ROLES, roles, "roles"), eps=eps)
        detail = f"reference={reference!r}, eps={eps!r}"
        self._decide("trimtab_stable_grad", record.ctypes.data, float(reference), detail=detail)

    def gradient_stabilizer(
        self,
        states: np.ndarray,
        *,
        scope: str = "tensor",
        gamma1: float = 0.6,
        gamma2: float = 0.999,
        eps: float = 1e-12,
        bias_correction: bool = True,
    ) -> None:
        """GradientStabilizer (arXiv 2502.17055v4): keeps the direction, replaces the norm R.

        ::

            R == 0: skipped += 1, nothing else
            steps += 1;  m = gamma1*m + (1-gamma1)*R;   v = gamma2*v + (1-gamma2)*R^2
            mh = m / (1-gamma1^steps), vh = v / (1-gamma2^steps)      (with bias_correction)
            g * [ mh / (sqrt(vh) + eps) ] / max(R, eps)

        Args:
            states: ``np.zeros(n, NORM_STATE)`` before the first step, one a gradient, or one in all
                for ``scope="global"``; changed.
            scope: "tensor", or "global" for the norm over all gradients together.
            gamma1: weight of the past in the running norm, in [0, 1).
            gamma2: weight of the past in the running squared norm, in [0, 1).
            eps: finite, >= 0.
            bias_correction: whether averages are corrected for starting at 0; False is the paper's box.
        """
        code = choice(structs.SCOPES, scope, "scope")
        n = 1 if code == structs.SCOPES["global"] else len(self)
        how = f"np.zeros({n}, NORM_STATE)"
        pointer = record_pointer(states, structs.NORM_STATE, n, "states", how)
        record = config(
            structs.GRADIENT_STABILIZER_CONFIG,
            scope=code,
            gamma1=gamma1,
            gamma2=gamma2,
            eps=eps,
            bias_correction=bool(bias_correction),
        )
        detail = f"gamma1={gamma1!r}, gamma2={gamma2!r}, eps={eps!r}"
        self._decide("trimtab_gradient_stabilizer", record.ctypes.data, pointer, detail=detail)

    def autoscale(self, state: np.ndarray) -> None:
        """Gradient Autoscaled Normalization (arXiv 2509.03677), in this library's reading.

        ::

            g - mean(g);   sigma = sqrt(sum ||g||^2 / (N-1)) over all weights;   b = log1p(sigma)
            first step with sigma > 0: exponent = 1 / (1 + |ln b|)
            alpha = min(1, b^exponent);   alpha * g       (sigma == 0: alpha 1, state unchanged)

        Weights only.

        Args:
            state: ``np.zeros((), AUTOSCALE_STATE)`` before the first step; changed.
        """
        how = "np.zeros((), AUTOSCALE_STATE)"
        pointer = record_pointer(state, structs.AUTOSCALE_STATE, 1, "state", how)
        self._decide("trimtab_autoscale", pointer)

    def centralize(self, *, roles: str = "weights") -> None:
        """Subtracts the mean: ``g - mean(g)``, for the chosen roles, "weights" or "all"."""
        self._decide("trimtab_centralize", choice(structs.ROLES, roles, "roles"))

    def znorm(self, *, roles: str = "weights", eps: float = 1e-8) -> None:
        """Z-score normalisation (arXiv 2408.01215): ``(g - mean(g)) / (std(g) + eps)``.

        Gradients with fewer than 2 elements or standard deviation 0 stay as they are.

        Args:
            roles: "weights" or "all".
            eps: finite, >= 0.
        """
        record = config(structs.ZNORM_CONFIG, roles=choice(structs.ROLES, roles, "roles"), eps=eps)
        self._decide("trimtab_znorm", record.ctypes.data, detail=f"eps={eps!r}")

    def clip_norm(self, max_norm: float, *, scope: str = "tensor") -> None:
        """Scales down to a largest 2-norm: ``g * min(1, max_norm / R)``.

        Args:
            max_norm: > 0, may be infinity.
            scope: "tensor", or "global" for the norm over all gradients together.
        """
        code = choice(structs.SCOPES, scope, "scope")
        self._decide("trimtab_clip_norm", float(max_norm), code, detail=f"max_norm={max_norm!r}")

    def clip_value(self, limit: float) -> None:
        """Clamps every element to ``[-limit, limit]``, and ends a chain.

        Of the methods only :meth:`scale`, :meth:`unscale`, :meth:`guard` and this one may follow a
        finite limit; all others refuse with ORDER.

        Args:
            limit: > 0, may be infinity.
        """
        self._decide("trimtab_clip_value", float(limit), detail=f"limit={limit!r}")

    def agc(self, params: np.ndarray, *, clipping: float = 0.01, eps: float = 1e-3) -> None:
        """Adaptive gradient clipping (arXiv 2102.06171), per tensor.

        ``most = max(||w||, eps) * clipping``; where ``R > most``: ``g * most / R``.

        Args:
            params: moments of the parameters in the order of the gradients: ``moments([w1, b1, ...])``.
            clipping: largest ratio of gradient norm to parameter norm; finite, > 0.
            eps: smallest parameter norm reckoned with; finite, >= 0.
        """
        how = "moments([...]) of the parameters"
        pointer = record_pointer(params, structs.MOMENTS, len(self), "params", how)
        record = config(structs.AGC_CONFIG, clipping=clipping, eps=eps)
        detail = f"clipping={clipping!r}, eps={eps!r}"
        self._decide("trimtab_agc", record.ctypes.data, pointer, detail=detail)

    def zclip(
        self,
        state: np.ndarray,
        *,
        warmup: int = 25,
        alpha: float = 0.97,
        z_max: float = 2.5,
        eps: float = 1e-6,
        max_norm: float = np.inf,
    ) -> None:
        """ZClip (arXiv 2504.02507): clips the global norm R where it is unusual for this run.

        ::

            the first warmup steps collect R;  g * min(1, max_norm / R)
            then  z = (R - mean) / (sqrt(var) + eps)
                  cap = mean + z_max*sqrt(var) / (z/z_max)  if z > z_max,  else R
                  mean = alpha*mean + (1-alpha)*cap;   var = alpha*var + (1-alpha)*(cap - mean)^2
                  g * min(1, min(cap, max_norm) / R)

        Args:
            state: ``np.zeros((), ZCLIP_STATE)`` before the first step; changed.
            warmup: steps that only collect norms, >= 1.
            alpha: weight of the past in the running mean and variance, in [0, 1).
            z_max: the z-score that is clipped; finite, > 0.
            eps: finite, >= 0.
            max_norm: the largest norm ever let through; > 0.
        """
        pointer = record_pointer(state, structs.ZCLIP_STATE, 1, "state", "np.zeros((), ZCLIP_STATE)")
        record = config(
            structs.ZCLIP_CONFIG,
            warmup=warmup,
            alpha=alpha,
            z_max=z_max,
            eps=eps,
            max_norm=max_norm,
        )
        detail = f"warmup={warmup}, alpha={alpha!r}, z_max={z_max!r}, eps={eps!r}, max_norm={max_norm!r}"
        self._decide("trimtab_zclip", record.ctypes.data, pointer, detail=detail)
