"""The methods as optax transformations."""

from typing import Any, cast

import jax
import numpy as np
import optax

from .. import _structs as structs
from .._library import call as call_c
from .._library import refusal
from .._structs import Status, choice
from ._call import call
from ._leaves import Leaves, Mask, number
from ._states import AutoscaleState, GradientStabilizerState, StableGradState, zeros

LAST_LAYER = "last-layer"
_NONFINITE = {"raise": 0, "skip": 1, "zero": 2}


class _Common:
    """What all transformations have beside their method."""

    def __init__(self, method: str, mask: Mask | None, nonfinite: str, max_consecutive: Any):
        self.method, self.mask, self.max_consecutive = method, mask, max_consecutive
        self.nonfinite = np.int32(choice(_NONFINITE, nonfinite, "nonfinite"))
        if not isinstance(max_consecutive, jax.Array):
            structs.config(structs.GUARD_CONFIG, max_consecutive=max_consecutive)

    def call(
        self, leaves: Leaves, guard: Any, numbers: dict[str, Any], states: list[jax.Array], **attributes: Any
    ) -> tuple[Any, jax.Array, list[jax.Array]]:
        """New gradients, guard and states."""
        numbers = {"max_consecutive": self.max_consecutive, **numbers}
        guard, states, grads = call(
            self.method,
            guard,
            [number(value, what) for what, value in numbers.items()],
            states,
            leaves.arrays,
            nonfinite=self.nonfinite,
            **leaves.attributes,
            **attributes,
        )
        return leaves.tree(grads), guard, states


def _check(method: str, layout: np.dtype, numbers: dict[str, Any], *arguments: float | None) -> None:
    """Lets the C library refuse now, with no gradient at all, what it would refuse at every step.

    Numbers that JAX holds may be traced: those are left to the call.
    """
    seen = {field: value for field, value in numbers.items() if not isinstance(value, jax.Array)}
    if len(seen) < len(numbers):
        return
    record = structs.config(layout, **seen)
    status = call_c(f"trimtab_{method}", record.ctypes.data, *arguments, None, 0)
    if status != Status.OK:
        settings = ", ".join(f"{field}={value!r}" for field, value in seen.items())
        raise refusal(status, f"trimtab.{method}", detail=settings)


def stable_grad(
    reference: float | jax.Array | str | None = None,
    *,
    roles: str = "weights",
    eps: float | jax.Array = 0.0,
    mask: Mask | None = None,
    nonfinite: str = "raise",
    max_consecutive: int = 0,
) -> optax.GradientTransformationExtraArgs:
    """StableGrad (arXiv 2605.19856): ``g * reference / (std(g) + eps)``.

    For leaves of the chosen roles with at least 2 elements and a standard deviation above 0; the others
    stay as they are. Chain it before the optimizer::

        tx = optax.chain(trimtab.stable_grad(), optax.adamw(1e-3))
        updates, state = tx.update(grads, state, params, reference=sigma)

    Args:
        reference: standard deviation of dL/d(prediction) over the whole batch. Better given to ``update``,
            which overrides this one: as an argument of your jitted step it may change without retracing.
            ``"last-layer"`` takes the last weight gradient's own: the last in lists and tuples; in dicts
            the greatest name, where layer_10 follows layer_2.
        roles: "weights" or "all".
        eps: finite, >= 0.
        mask: which leaves are weights; None: those with ``ndim >= 2``. A tree of bools, or a function of
            the gradients that returns one; a bool may stand for a part of the tree.
        nonfinite: what is done about gradients that are not finite. "raise": the call fails, see the
            README. "skip": updates of zeros, and the state stays. "zero": the offending leaves become
            zeros, and the rest goes on. Those steps are counted in the state's guard.
        max_consecutive: with "skip" or "zero", the call fails at that many bad steps in a row; 0: never.

    Raises:
        Error: eps or reference are out of range.
    """
    code = choice(structs.ROLES, roles, "roles")
    common = _Common("stable_grad", mask, nonfinite, max_consecutive)
    later = reference is None or isinstance(reference, str | jax.Array)
    _check(
        "stable_grad",
        structs.STABLE_GRAD_CONFIG,
        {"roles": code, "eps": eps},
        1.0 if later else float(cast(float, reference)),
    )
    _last_layer_or_number(reference)
    default = reference

    def init(params: Any) -> StableGradState:
        del params
        return StableGradState(guard=zeros(structs.GUARD_STATE))

    def update(
        updates: Any,
        state: StableGradState,
        params: Any = None,
        *,
        reference: float | jax.Array | str | None = None,
        **extra: Any,
    ) -> tuple[Any, StableGradState]:
        del params, extra
        sigma = default if reference is None else reference
        if sigma is None:
            raise ValueError(
                "stable_grad has no reference: pass reference= to update, the standard deviation of "
                'dL/d(prediction), or make it stable_grad("last-layer")'
            )
        leaves = Leaves(updates, mask)
        if not leaves.arrays:
            return updates, state
        from_last = _last_layer_or_number(sigma)
        last = leaves.last_weight() if from_last else -1
        numbers = {"eps": eps, "reference": 0.0 if from_last else sigma}
        grads, guard, _ = common.call(leaves, state.guard, numbers, [], all=np.int32(code), last=np.int64(last))
        return grads, StableGradState(guard)

    return optax.GradientTransformationExtraArgs(init, update)


def _last_layer_or_number(reference: Any) -> bool:
    if isinstance(reference, str) and reference != LAST_LAYER:
        raise ValueError(f'reference={reference!r} is unknown: pass a number or "{LAST_LAYER}"')
    return isinstance(reference, str)


def gradient_stabilizer(
    *,
    scope: str = "tensor",
    gamma1: float | jax.Array = 0.6,
    gamma2: float | jax.Array = 0.999,
    eps: float | jax.Array = 1e-12,
    bias_correction: bool = True,
    nonfinite: str = "raise",
    max_consecutive: int = 0,
) -> optax.GradientTransformationExtraArgs:
    """GradientStabilizer (arXiv 2502.17055v4): keeps the direction, replaces the norm R of each leaf.

    ::

        R == 0: skipped += 1, nothing else
        steps += 1;  m = gamma1*m + (1-gamma1)*R;   v = gamma2*v + (1-gamma2)*R^2
        mh = m / (1-gamma1^steps), vh = v / (1-gamma2^steps)      (with bias_correction)
        g * [ mh / (sqrt(vh) + eps) ] / max(R, eps)

    Args:
        scope: "tensor", each leaf by itself, or "global", all leaves together.
        gamma1: weight of the past in the running norm, in [0, 1).
        gamma2: weight of the past in the running squared norm, in [0, 1).
        eps: finite, >= 0.
        bias_correction: whether averages are corrected for starting at 0; False is the paper's box.
        nonfinite: as for :func:`stable_grad`.
        max_consecutive: as for :func:`stable_grad`.

    Raises:
        Error: gamma1, gamma2 or eps are out of range.
    """
    code = choice(structs.SCOPES, scope, "scope")
    is_global = code == structs.SCOPES["global"]
    common = _Common("gradient_stabilizer", None, nonfinite, max_consecutive)
    numbers = {"gamma1": gamma1, "gamma2": gamma2, "eps": eps}
    scratch = np.zeros(1, structs.NORM_STATE)
    _check(
        "gradient_stabilizer",
        structs.GRADIENT_STABILIZER_CONFIG,
        {"scope": code, **numbers},
        scratch.ctypes.data,
    )

    def init(params: Any) -> GradientStabilizerState:
        n = 1 if is_global else len(jax.tree.leaves(params))
        return GradientStabilizerState(norms=zeros(structs.NORM_STATE, n), guard=zeros(structs.GUARD_STATE))

    def update(
        updates: Any, state: GradientStabilizerState, params: Any = None, **extra: Any
    ) -> tuple[Any, GradientStabilizerState]:
        del params, extra
        leaves = Leaves(updates, None)
        if not leaves.arrays:
            return updates, state
        n = 1 if is_global else len(leaves.arrays)
        if state.norms.shape[0] != n:
            raise ValueError(
                f"the state was initialised for {state.norms.shape[0]} leaves, and the gradients have {n}: "
                "call init with a tree of the same structure"
            )
        grads, guard, (norms,) = common.call(
            leaves,
            state.guard,
            numbers,
            [state.norms],
            **{"global": np.int32(is_global)},
            bias_correction=np.int32(bool(bias_correction)),
        )
        return grads, GradientStabilizerState(norms, guard)

    return optax.GradientTransformationExtraArgs(init, update)


def autoscale(
    *, mask: Mask | None = None, nonfinite: str = "raise", max_consecutive: int = 0
) -> optax.GradientTransformationExtraArgs:
    """Gradient Autoscaled Normalization (arXiv 2509.03677), in this library's reading. Weights only.

    ::

        g - mean(g);   sigma = sqrt(sum ||g||^2 / (N-1)) over all weights;   b = log1p(sigma)
        first step with sigma > 0: exponent = 1 / (1 + |ln b|)
        alpha = min(1, b^exponent);   alpha * g       (sigma == 0: alpha 1, state unchanged)

    Args:
        mask: as for :func:`stable_grad`.
        nonfinite: as for :func:`stable_grad`.
        max_consecutive: as for :func:`stable_grad`.
    """
    common = _Common("autoscale", mask, nonfinite, max_consecutive)

    def init(params: Any) -> AutoscaleState:
        del params
        return AutoscaleState(scale=zeros(structs.AUTOSCALE_STATE), guard=zeros(structs.GUARD_STATE))

    def update(updates: Any, state: AutoscaleState, params: Any = None, **extra: Any) -> tuple[Any, AutoscaleState]:
        del params, extra
        leaves = Leaves(updates, mask)
        if not leaves.arrays:
            return updates, state
        grads, guard, (scale,) = common.call(leaves, state.guard, {}, [state.scale])
        return grads, AutoscaleState(scale, guard)

    return optax.GradientTransformationExtraArgs(init, update)
