"""The methods as optax transformations.

| method | as a transformation |
|---|---|
| stable_grad | here |
| gradient_stabilizer | here |
| autoscale | here |
| adagc | here |
| guard | the argument ``nonfinite`` of each of these |
| unscale | ``optax.scale`` |
| scale | ``optax.scale`` |
| centralize | ``optax.centralize`` |
| znorm | none |
| clip_norm | ``optax.clip_by_global_norm`` |
| clip_value | ``optax.clip`` |
| agc | ``optax.adaptive_grad_clip`` |
| zclip | none |
"""

from typing import Any, cast

import jax
import numpy as np
import optax

from .. import _structs as structs
from .._config import choice, config
from .._library import call as call_c
from .._library import refusal
from .._structs import Status
from ._call import call
from ._leaves import Leaves, Mask, number
from ._states import AutoscaleState, GradientStabilizerState, StableGradState, zeros

__all__ = ["adagc", "autoscale", "gradient_stabilizer", "stable_grad"]

LAST_LAYER = "last-layer"
_NONFINITE = {"raise": 0, "skip": 1, "zero": 2}


class _Method:
    """A method of the C library with its settings, for every call of a transformation.

    Settings are those of the configuration, by the names of its fields. Floating-point ones may be JAX's, and then
    traced; they are put into the configuration by the call.
    """

    def __init__(self, name: str, mask: Mask | None, nonfinite: str, max_consecutive: Any, **settings: Any):
        self.name, self.mask, self.max_consecutive = name, mask, max_consecutive
        self.recipe = structs.METHODS[name]
        self.nonfinite = np.int32(choice(_NONFINITE, nonfinite, "nonfinite"))
        if not isinstance(max_consecutive, jax.Array):
            config(structs.GUARD_CONFIG, max_consecutive=max_consecutive)
        layout = self.recipe.config
        self.numbers = {k: v for k, v in settings.items() if layout is not None and layout[k].kind == "f"}
        self.settings, self.layout = settings, layout
        others = {k: v for k, v in settings.items() if k not in self.numbers}
        self.config = b"" if layout is None else config(layout, **others).tobytes()
        held = self.recipe.state
        self.state = None if held is None else getattr(structs, held.layout)
        self.count = "" if held is None else held.count
        self.each = self.count == "n" or (self.count == "n or one" and settings["scope"] != "global")

    def check(self, number: float = 0.0) -> None:
        """Lets the C library refuse now, with no gradient at all, what it would refuse at every step.

        Numbers that JAX holds may be traced: those are left to the call.
        """
        if self.layout is None or any(isinstance(value, jax.Array) for value in self.numbers.values()):
            return
        record, state = config(self.layout, **self.settings), np.zeros(1, self.state or np.uint32)
        state_or_null = 0 if self.state is None else state.ctypes.data
        kind = structs.METHOD_KIND[self.name]
        chain = np.array((kind, 0, record.ctypes.data, state_or_null, number, 0), structs.METHOD)
        status = call_c("trimtab_decide", chain.ctypes.data, 1, None, 0, None)
        if status != Status.OK:
            settings = ", ".join(f"{field}={value!r}" for field, value in self.settings.items())
            raise refusal(status, f"trimtab.{self.name}", detail=settings)

    def zeros(self, params: Any) -> list[jax.Array]:
        """The states before the first step, if it has any."""
        if self.state is None:
            return []
        shape = () if self.count == "one" else (len(jax.tree.leaves(params)) if self.each else 1,)
        return [zeros(self.state, *shape)]

    def update(self, updates: Any, state: Any, number_: Any = None, last: int = -1) -> tuple[Any, Any]:
        """New gradients and state: a tuple of what the method remembers, and the guard."""
        *states, guard = state
        leaves = Leaves(updates, self.mask)
        if not leaves.arrays:
            return updates, state
        if states and self.count != "one":
            self._check_count(states[0].shape[0], len(leaves.arrays) if self.each else 1)
        values = {"max_consecutive": self.max_consecutive, **self.numbers}
        places = [self.layout.fields[field][1] for field in self.numbers] if self.layout is not None else []
        if number_ is not None:
            values[self.recipe.number or ""] = number_
            places.append(-1)
        guard, states, grads = call(
            self.name,
            guard,
            [number(value, what) for what, value in values.items()],
            states,
            leaves.arrays,
            nonfinite=self.nonfinite,
            **leaves.attributes,
            kind=np.int32(structs.METHOD_KIND[self.name]),
            config=np.frombuffer(self.config, np.int32),
            places=np.array(places, np.int32),
            fields="\n".join([*values][1:]),
            state_size=np.int32(0 if self.state is None else self.state.itemsize),
            each=np.int32(self.each),
            last=np.int64(last),
        )
        return leaves.tree(grads), type(state)(*states, guard)

    def _check_count(self, found: int, n: int) -> None:
        if found != n:
            raise ValueError(
                f"the state was initialised for {found} leaves, and the gradients have {n}: "
                "call init with a tree of the same structure"
            )


def _transformation(method: _Method, state_type: Any) -> optax.GradientTransformationExtraArgs:
    """Of a method without a number."""
    method.check()

    def init(params: Any) -> Any:
        return state_type(*method.zeros(params), guard=zeros(structs.GUARD_STATE))

    def update(updates: Any, state: Any, params: Any = None, **extra: Any) -> tuple[Any, Any]:
        del params, extra
        return method.update(updates, state)

    return optax.GradientTransformationExtraArgs(init, update)


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
    method = _Method("stable_grad", mask, nonfinite, max_consecutive, roles=roles, eps=eps)
    later = reference is None or isinstance(reference, str | jax.Array)
    method.check(1.0 if later else float(cast(float, reference)))
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
        if not _last_layer_or_number(sigma):
            return method.update(updates, state, sigma)
        leaves = Leaves(updates, mask)
        return method.update(updates, state, 0.0, leaves.last_weight() if leaves.arrays else -1)

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
    settings = {
        "scope": scope,
        "gamma1": gamma1,
        "gamma2": gamma2,
        "eps": eps,
        "bias_correction": bool(bias_correction),
    }
    method = _Method("gradient_stabilizer", None, nonfinite, max_consecutive, **settings)
    return _transformation(method, GradientStabilizerState)


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
    return _transformation(_Method("autoscale", mask, nonfinite, max_consecutive), AutoscaleState)


def adagc(
    *,
    warmup: int = 100,
    lambda_rel: float | jax.Array = 1.05,
    lambda_abs: float | jax.Array = 1.0,
    beta: float | jax.Array = 0.98,
    nonfinite: str = "raise",
    max_consecutive: int = 0,
) -> optax.GradientTransformationExtraArgs:
    """AdaGC (arXiv 2502.11034): clips each leaf's norm R relative to a running average of its clipped norms.

    :func:`trimtab.numpy.adagc` has the formula.

    Args:
        warmup: number of steps that are clipped by the global norm, >= 1.
        lambda_rel: maximum ratio of a norm to its running average; finite, > 0.
        lambda_abs: maximum global norm during the warm-up; > 0.
        beta: weight of the past in the running average, in [0, 1).
        nonfinite: as for :func:`stable_grad`.
        max_consecutive: as for :func:`stable_grad`.

    Raises:
        Error: a setting is out of range.
    """
    settings = {"warmup": warmup, "lambda_rel": lambda_rel, "lambda_abs": lambda_abs, "beta": beta}
    return _transformation(_Method("adagc", None, nonfinite, max_consecutive, **settings), GradientStabilizerState)
