"""trimtab for NumPy: gradients are changed in place, states are structured arrays of the caller's.

::

    observe   read each gradient once      Gradients.observe
    decide    any number of methods        Gradients.decide, or .stable_grad, .clip_norm, ... one by one
    write     write each gradient once     Gradients.apply, .apply_into, .adam_step, .sgd_step

Every struct of the C header is a NumPy dtype of the same layout: make a state with
``np.zeros(n, NORM_STATE)``, look into it with ``state["m"]``, keep it with :func:`save_states`.
"""

from .._structs import (
    AFFINE,
    AUTOSCALE_STATE,
    GUARD_STATE,
    MOMENTS,
    NORM_STATE,
    STEP_STATE,
    ZCLIP_STATE,
)
from ._gradients import Gradients
from ._method import Method
from ._methods import *  # noqa: F403
from ._methods import __all__ as _methods
from ._moments import (
    moments,
    moments_mean,
    moments_merge,
    moments_norm,
    moments_std,
    observe_chunk,
)
from ._slots import Slots
from ._states import load_states, save_states

__all__ = [
    *_methods,
    "AFFINE",
    "AUTOSCALE_STATE",
    "GUARD_STATE",
    "MOMENTS",
    "NORM_STATE",
    "STEP_STATE",
    "ZCLIP_STATE",
    "Gradients",
    "Method",
    "Slots",
    "load_states",
    "moments",
    "moments_mean",
    "moments_merge",
    "moments_norm",
    "moments_std",
    "observe_chunk",
    "save_states",
]
