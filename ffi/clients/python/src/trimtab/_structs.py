"""Generated from include/trimtab.h by `cargo run -p trimtab-generate`; do not edit.

Structs are NumPy dtypes of the same layout. Enums are dictionaries from names in lower case to numbers.
"""

import ctypes
import enum
from typing import NamedTuple

import numpy as np


def _struct(*fields: tuple[str, object]) -> np.dtype:
    return np.dtype(list(fields), align=True)


MOMENTS = _struct(("count", np.uint64), ("sum", np.float64), ("sum_sq", np.float64), ("abs_max", np.float64))
AFFINE = _struct(("center", np.float64), ("scale", np.float64), ("limit", np.float64))
TENSOR = _struct(
    ("data", np.uintp),
    ("len", np.uintp),
    ("dtype", np.uint32),
    ("role", np.uint32),
    ("moments", MOMENTS),
    ("affine", AFFINE),
)
GUARD_CONFIG = _struct(("struct_size", np.uint32), ("policy", np.uint32), ("max_consecutive", np.uint64))
GUARD_STATE = _struct(("consecutive", np.uint64), ("total", np.uint64))
STABLE_GRAD_CONFIG = _struct(("struct_size", np.uint32), ("roles", np.uint32), ("eps", np.float64))
GRADIENT_STABILIZER_CONFIG = _struct(
    ("struct_size", np.uint32),
    ("scope", np.uint32),
    ("gamma1", np.float64),
    ("gamma2", np.float64),
    ("eps", np.float64),
    ("bias_correction", np.uint32),
    ("reserved", np.uint32),
)
NORM_STATE = _struct(("m", np.float64), ("v", np.float64), ("steps", np.uint64), ("skipped", np.uint64))
AUTOSCALE_STATE = _struct(("exponent", np.float64), ("sigma", np.float64), ("alpha", np.float64), ("steps", np.uint64))
CENTRALIZE_CONFIG = _struct(("struct_size", np.uint32), ("roles", np.uint32))
ZNORM_CONFIG = _struct(("struct_size", np.uint32), ("roles", np.uint32), ("eps", np.float64))
CLIP_NORM_CONFIG = _struct(("struct_size", np.uint32), ("scope", np.uint32))
AGC_CONFIG = _struct(("struct_size", np.uint32), ("reserved", np.uint32), ("clipping", np.float64), ("eps", np.float64))
ZCLIP_CONFIG = _struct(
    ("struct_size", np.uint32),
    ("warmup", np.uint32),
    ("alpha", np.float64),
    ("z_max", np.float64),
    ("eps", np.float64),
    ("max_norm", np.float64),
)
ZCLIP_STATE = _struct(("mean", np.float64), ("var", np.float64), ("steps", np.uint64))
METHOD = _struct(
    ("kind", np.uint32),
    ("reserved", np.uint32),
    ("config", np.uintp),
    ("state", np.uintp),
    ("number", np.float64),
    ("input", np.uintp),
)
ADAGC_CONFIG = _struct(
    ("struct_size", np.uint32),
    ("warmup", np.uint32),
    ("lambda_rel", np.float64),
    ("lambda_abs", np.float64),
    ("beta", np.float64),
)
SGD_CONFIG = _struct(
    ("struct_size", np.uint32),
    ("nesterov", np.uint32),
    ("lr", np.float64),
    ("momentum", np.float64),
    ("dampening", np.float64),
    ("weight_decay", np.float64),
    ("decay_roles", np.uint32),
    ("reserved", np.uint32),
)
STEP_STATE = _struct(("steps", np.uint64))
SLOT = _struct(
    ("param", np.uintp),
    ("first", np.uintp),
    ("second", np.uintp),
    ("dtype", np.uint32),
    ("reserved", np.uint32),
)
ADAM_CONFIG = _struct(
    ("struct_size", np.uint32),
    ("decoupled", np.uint32),
    ("lr", np.float64),
    ("beta1", np.float64),
    ("beta2", np.float64),
    ("eps", np.float64),
    ("weight_decay", np.float64),
    ("decay_roles", np.uint32),
    ("reserved", np.uint32),
)
STATES = _struct(("states", np.uintp), ("count", np.uintp), ("kind", np.uint32), ("reserved", np.uint32))

DTYPE = {"f32": 0, "f16": 1, "bf16": 2, "f64": 3}
ROLE = {"weight": 0, "bias": 1}
ROLES = {"weights": 0, "all": 1}
SCOPE = {"tensor": 0, "global": 1}
GUARD_POLICY = {"skip_step": 0, "zero": 1}
ACTIVATION = {"relu": 0, "tanh": 1, "silu": 2, "gelu": 3, "sin": 4, "identity": 5}
METHOD_KIND = {
    "unscale": 0,
    "scale": 1,
    "guard": 2,
    "stable_grad": 3,
    "gradient_stabilizer": 4,
    "autoscale": 5,
    "centralize": 6,
    "znorm": 7,
    "clip_norm": 8,
    "clip_value": 9,
    "agc": 10,
    "zclip": 11,
    "adagc": 12,
}
STATE_KIND = {"norm": 0, "autoscale": 1, "zclip": 2, "guard": 3, "step": 4}

# The enum of each field that has one.
CHOICES = {
    "decay_roles": ROLES,
    "policy": GUARD_POLICY,
    "roles": ROLES,
    "scope": SCOPE,
}
STATE_KINDS = (
    (NORM_STATE, 0),
    (AUTOSCALE_STATE, 1),
    (ZCLIP_STATE, 2),
    (GUARD_STATE, 3),
    (STEP_STATE, 4),
)


class Status(enum.IntEnum):
    """What a call of the C library returns; negative: refused, nothing was changed."""

    #: The call succeeded.
    OK = 0
    #: The guard asks the caller to skip this step.
    SKIP_STEP = 1
    #: A required pointer is NULL.
    NULL_POINTER = -1
    #: An element type is unknown, or not allowed here.
    BAD_DTYPE = -2
    #: A configuration value, an enum value or a struct_size is out of range.
    BAD_CONFIG = -3
    #: The reference of StableGrad is not finite, or not > 0.
    BAD_REFERENCE = -4
    #: A state, moments or an affine hold values that no call can have left there.
    BAD_STATE = -5
    #: A gradient holds NaN, an infinity, or (double) a magnitude beyond 1e150.
    NON_FINITE = -6
    #: The result would not be finite in its element type, or a factor leaves the range of double: too large, or so
    #: small that it would vanish.
    OVERFLOW = -7
    #: The call is out of order: observe first, clip by value last.
    ORDER = -8
    #: The guard counted max_consecutive bad steps in a row.
    DIVERGED = -9
    #: This build or this machine cannot do what was asked.
    UNSUPPORTED = -10
    #: A pointer is not aligned to its type.
    MISALIGNED = -11
    #: A length is impossible, or does not match.
    BAD_LENGTH = -12
    #: The bytes are not a record of states.
    BAD_MAGIC = -13
    #: The record has a format that this library does not support.
    BAD_VERSION = -14
    #: The record holds states of other kinds, or in another order, than asked for.
    WRONG_KIND = -15
    #: The record holds more or fewer states than asked for.
    WRONG_COUNT = -16
    #: The record is shorter than its header says.
    TRUNCATED = -17
    #: The record is damaged: a checksum does not match.
    BAD_CHECKSUM = -18


_status, _u32, _size, _f64 = ctypes.c_int32, ctypes.c_uint32, ctypes.c_size_t, ctypes.c_double
_pointer, _text = ctypes.c_void_p, ctypes.c_char_p

# What each function returns and takes.
FUNCTIONS = {
    "trimtab_observe": (_status, _pointer, _size),
    "trimtab_observe_at": (_status, _pointer, _size, _pointer),
    "trimtab_outlook": (_status, _pointer, _pointer),
    "trimtab_observe_chunk": (_status, _pointer, _pointer, _size, _u32),
    "trimtab_moments_merge": (_status, _pointer, _pointer),
    "trimtab_moments_mean": (_f64, _pointer),
    "trimtab_moments_std": (_f64, _pointer),
    "trimtab_moments_norm": (_f64, _pointer),
    "trimtab_unscale": (_status, _f64, _pointer, _size),
    "trimtab_scale": (_status, _f64, _pointer, _size),
    "trimtab_guard": (_status, _pointer, _pointer, _pointer, _size),
    "trimtab_stable_grad": (_status, _pointer, _f64, _pointer, _size),
    "trimtab_gradient_stabilizer": (_status, _pointer, _pointer, _pointer, _size),
    "trimtab_autoscale": (_status, _pointer, _pointer, _size),
    "trimtab_centralize": (_status, _u32, _pointer, _size),
    "trimtab_znorm": (_status, _pointer, _pointer, _size),
    "trimtab_clip_norm": (_status, _f64, _u32, _pointer, _size),
    "trimtab_clip_value": (_status, _f64, _pointer, _size),
    "trimtab_agc": (_status, _pointer, _pointer, _pointer, _size),
    "trimtab_zclip": (_status, _pointer, _pointer, _pointer, _size),
    "trimtab_decide": (_status, _pointer, _size, _pointer, _size, _pointer),
    "trimtab_decide_at": (_status, _pointer, _size, _pointer, _size, _pointer, _pointer),
    "trimtab_apply": (_status, _pointer, _size),
    "trimtab_apply_at": (_status, _pointer, _size, _pointer),
    "trimtab_apply_into": (_status, _pointer, _pointer, _size),
    "trimtab_apply_into_at": (_status, _pointer, _pointer, _size, _pointer),
    "trimtab_sgd_step": (_status, _pointer, _pointer, _pointer, _pointer, _size),
    "trimtab_sgd_step_at": (_status, _pointer, _pointer, _pointer, _pointer, _size, _pointer),
    "trimtab_adam_step": (_status, _pointer, _pointer, _pointer, _pointer, _size),
    "trimtab_adam_step_at": (_status, _pointer, _pointer, _pointer, _pointer, _size, _pointer),
    "trimtab_state_save": (_status, _pointer, _size, _pointer, _size, _pointer),
    "trimtab_state_load": (_status, _pointer, _size, _pointer, _size),
    "trimtab_init_std": (_f64, _u32, _size),
    "trimtab_status_message": (_text, _status),
    "trimtab_version": (_text,),
    "trimtab_cpu_level": (_text,),
    "trimtab_set_threads": (_status, _size),
}


class Held(NamedTuple):
    """An array of the caller's that a method works with."""

    name: str  # Of the argument.
    layout: str  # Of its entries.
    count: str  # "one", "n", or "n or one": one for the scope "global".


class Recipe(NamedTuple):
    """What a method of a chain is made of."""

    number: str | None = None  # The name of the argument.
    config: np.dtype | None = None
    state: Held | None = None
    input: Held | None = None


METHODS = {
    "unscale": Recipe(number="loss_scale"),
    "scale": Recipe(number="factor"),
    "guard": Recipe(config=GUARD_CONFIG, state=Held("state", "GUARD_STATE", "one")),
    "stable_grad": Recipe(number="reference", config=STABLE_GRAD_CONFIG),
    "gradient_stabilizer": Recipe(config=GRADIENT_STABILIZER_CONFIG, state=Held("states", "NORM_STATE", "n or one")),
    "autoscale": Recipe(state=Held("state", "AUTOSCALE_STATE", "one")),
    "centralize": Recipe(config=CENTRALIZE_CONFIG),
    "znorm": Recipe(config=ZNORM_CONFIG),
    "clip_norm": Recipe(number="max_norm", config=CLIP_NORM_CONFIG),
    "clip_value": Recipe(number="limit"),
    "agc": Recipe(config=AGC_CONFIG, input=Held("params", "MOMENTS", "n")),
    "zclip": Recipe(config=ZCLIP_CONFIG, state=Held("state", "ZCLIP_STATE", "one")),
    "adagc": Recipe(config=ADAGC_CONFIG, state=Held("states", "NORM_STATE", "n")),
}
