"""The methods: from moments to affines. No element is read or written here."""

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Concatenate, ParamSpec

import numpy as np

from .. import _structs as structs
from .._library import Error, call
from .._structs import Status
from ._arrays import check_disjoint
from ._descriptors import Descriptors
from ._method import Method, made


__all__ = [
    "adagc",
    "agc",
    "autoscale",
    "centralize",
    "clip_norm",
    "clip_value",
    "gradient_stabilizer",
    "guard",
    "scale",
    "stable_grad",
    "unscale",
    "zclip",
    "znorm",
]


def unscale(loss_scale: float) -> Method:
    """Undoes a loss scale: ``g / loss_scale``, all gradients. Put :func:`guard` before it.

    Args:
        loss_scale: finite and > 0.
    """
    return made("unscale", **locals())


def scale(factor: float) -> Method:
    """Multiplies by a factor: ``g * factor``, all gradients.

    Args:
        factor: finite.
    """
    return made("scale", **locals())


def guard(state: np.ndarray, *, policy: str = "skip_step", max_consecutive: int = 0) -> Method:
    """Stands before the other methods, which all refuse gradients that are not finite.

    Args:
        state: ``np.zeros((), GUARD_STATE)`` before the first step; counts bad steps.
        policy: "skip_step" leaves the gradients alone, "zero" turns the offending ones into zeros.
        max_consecutive: how many bad steps in a row mean that the run has diverged; 0: never.

    Deciding returns False where this step is to be skipped: make no optimizer step then. It raises DIVERGED
    at the ``max_consecutive``-th bad step in a row, which is not counted.
    """
    return made("guard", **locals())


def stable_grad(reference: float, *, roles: str = "weights", eps: float = 0.0) -> Method:
    """StableGrad (arXiv 2605.19856): ``g * reference / (std(g) + eps)``.

    For gradients of the chosen roles with at least 2 elements and a standard deviation above 0;
    the others stay as they are. No state.

    Args:
        reference: standard deviation of dL/d(prediction) over the whole batch, such as
            ``moments_std(moments(dy))``; in a PINN pool the gradients with respect to u and its
            derivatives. The last weight gradient's is the poorest choice: it is as large as the gradients.
        roles: "weights" or "all".
        eps: finite, >= 0.

    Deciding raises BAD_REFERENCE unless the reference is finite and > 0.
    """
    return made("stable_grad", **locals())


def gradient_stabilizer(
    states: np.ndarray,
    *,
    scope: str = "tensor",
    gamma1: float = 0.6,
    gamma2: float = 0.999,
    eps: float = 1e-12,
    bias_correction: bool = True,
) -> Method:
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
    return made("gradient_stabilizer", **locals())


def autoscale(state: np.ndarray) -> Method:
    """Gradient Autoscaled Normalization (arXiv 2509.03677), in this library's reading.

    ::

        g - mean(g);   sigma = sqrt(sum ||g||^2 / (N-1)) over all weights;   b = log1p(sigma)
        first step with sigma > 0: exponent = 1 / (1 + |ln b|)
        alpha = min(1, b^exponent);   alpha * g       (sigma == 0: alpha 1, state unchanged)

    Weights only.

    Args:
        state: ``np.zeros((), AUTOSCALE_STATE)`` before the first step; changed.
    """
    return made("autoscale", **locals())


def centralize(*, roles: str = "weights") -> Method:
    """Subtracts the mean: ``g - mean(g)``, for the chosen roles, "weights" or "all"."""
    return made("centralize", **locals())


def znorm(*, roles: str = "weights", eps: float = 1e-8) -> Method:
    """Z-score normalisation (arXiv 2408.01215): ``(g - mean(g)) / (std(g) + eps)``.

    Gradients with fewer than 2 elements or standard deviation 0 stay as they are.

    Args:
        roles: "weights" or "all".
        eps: finite, >= 0.
    """
    return made("znorm", **locals())


def clip_norm(max_norm: float, *, scope: str = "tensor") -> Method:
    """Scales down to a largest 2-norm: ``g * min(1, max_norm / R)``.

    Args:
        max_norm: > 0, may be infinity.
        scope: "tensor", or "global" for the norm over all gradients together.
    """
    return made("clip_norm", **locals())


def clip_value(limit: float) -> Method:
    """Clamps every element to ``[-limit, limit]``, and ends a chain.

    Of the methods only :func:`scale`, :func:`unscale`, :func:`guard` and this one may follow a
    finite limit; all others refuse with ORDER.

    Args:
        limit: > 0, may be infinity.
    """
    return made("clip_value", **locals())


def agc(params: np.ndarray, *, clipping: float = 0.01, eps: float = 1e-3) -> Method:
    """Adaptive gradient clipping (arXiv 2102.06171), per tensor.

    ``most = max(||w||, eps) * clipping``; where ``R > most``: ``g * most / R``.

    Args:
        params: moments of the parameters in the order of the gradients: ``moments([w1, b1, ...])``.
        clipping: largest ratio of gradient norm to parameter norm; finite, > 0.
        eps: smallest parameter norm reckoned with; finite, >= 0.
    """
    return made("agc", **locals())


def zclip(
    state: np.ndarray,
    *,
    warmup: int = 25,
    alpha: float = 0.97,
    z_max: float = 2.5,
    eps: float = 1e-6,
    max_norm: float = np.inf,
) -> Method:
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
    return made("zclip", **locals())


def adagc(
    states: np.ndarray,
    *,
    warmup: int = 100,
    lambda_rel: float = 1.05,
    lambda_abs: float = 1.0,
    beta: float = 0.98,
) -> Method:
    """AdaGC (arXiv 2502.11034): clips each norm R relative to a running average of its clipped norms.

    ::

        R == 0: skipped += 1, nothing else
        the first warmup steps:  h = min(lambda_abs / ||all gradients||, 1)
                                 m = min(m, h*R);   at the first step m = h*R
        after them:              h = min(lambda_rel*m / R, 1);   m = beta*m + (1-beta)*h*R
        steps += 1;   g * h

    Weights and biases.

    Args:
        states: ``np.zeros(n, NORM_STATE)`` before the first step, one a gradient; changed.
        warmup: number of steps that are clipped by the global norm, >= 1.
        lambda_rel: maximum ratio of a norm to its running average; finite, > 0.
        lambda_abs: maximum global norm during the warm-up; > 0.
        beta: weight of the past in the running average, in [0, 1).
    """
    return made("adagc", **locals())


P = ParamSpec("P")


def _alone(make: Callable[P, Method]) -> Callable[Concatenate["Methods", P], None]:
    """A method of :class:`trimtab.numpy.Gradients` that decides with one method."""

    @functools.wraps(make)
    def decide(self: "Methods", /, *args: P.args, **kwargs: P.kwargs) -> None:
        self.decide([make(*args, **kwargs)])

    signature = inspect.signature(make)
    own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    parameters = [own, *signature.parameters.values()]
    decide.__signature__ = signature.replace(parameters=parameters, return_annotation=None)  # type: ignore[attr-defined]
    return decide


class Methods(Descriptors):
    """The deciding half of :class:`trimtab.numpy.Gradients`: any number of methods, in order."""

    def decide(self, methods: Sequence[Method]) -> bool:
        """Lets the methods decide in turn, or none of them: refused, no state and no affine has changed.

        Args:
            methods: made by the functions of :mod:`trimtab.numpy`, such as ``clip_norm(1.0)``. Two or more
                come right after :meth:`observe`; no two may share a state.

        Returns:
            Whether to go on: False if a :func:`guard` says to skip this step. It has counted then, the methods
            in front of it have decided, and those behind it were not asked.

        Raises:
            Error: as the method that refused; where there are several the message says which it was.
        """
        n = len(self)
        chain = np.array([method.record(n) for method in methods], structs.METHOD)
        states = [(method.state.array, f"the state of method {i}") for i, method in enumerate(methods) if method.state]
        check_disjoint([array for array, _ in states], [name for _, name in states])
        refused, at = (np.zeros((), np.uintp) for _ in range(2))
        arguments = chain.ctypes.data, len(chain), self._pointer, n, refused.ctypes.data, at.ctypes.data
        status = call("trimtab_decide_at", *arguments)
        if status not in (Status.OK, Status.SKIP_STEP):
            raise self._refusal_of(methods, int(refused), status, int(at))
        return status == Status.OK

    def _refusal_of(self, methods: Sequence[Method], index: int, status: Status, at: int) -> Error:
        method = methods[index]
        only_state = method.state is not None and not method.state.each
        if only_state and status == Status.BAD_STATE and at == 0:
            at = len(self)  # It may be that of the method, not the first gradient.
        where = f"method {index} of {len(methods)}" if len(methods) > 1 else ""
        return self._refusal(status, f"trimtab_{method.name}", at, method.detail, where)

    def guard(self, state: np.ndarray, *, policy: str = "skip_step", max_consecutive: int = 0) -> bool:
        """Decides with :func:`trimtab.numpy.guard`, and returns whether to go on."""
        return self.decide([guard(state, policy=policy, max_consecutive=max_consecutive)])

    unscale = _alone(unscale)
    scale = _alone(scale)
    stable_grad = _alone(stable_grad)
    gradient_stabilizer = _alone(gradient_stabilizer)
    autoscale = _alone(autoscale)
    centralize = _alone(centralize)
    znorm = _alone(znorm)
    clip_norm = _alone(clip_norm)
    clip_value = _alone(clip_value)
    agc = _alone(agc)
    zclip = _alone(zclip)
    adagc = _alone(adagc)
