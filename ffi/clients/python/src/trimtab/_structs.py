"""The structs and constants of include/trimtab.h, as NumPy dtypes of the same layout."""

import enum

import numpy as np


def _struct(*fields: tuple[str, object]) -> np.dtype:
    return np.dtype(list(fields), align=True)


def _config(*fields: tuple[str, object]) -> np.dtype:
    return _struct(("struct_size", np.uint32), *fields)


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
SLOT = _struct(
    ("param", np.uintp),
    ("first", np.uintp),
    ("second", np.uintp),
    ("dtype", np.uint32),
    ("reserved", np.uint32),
)

METHOD = _struct(
    ("kind", np.uint32),
    ("reserved", np.uint32),
    ("config", np.uintp),
    ("state", np.uintp),
    ("number", np.float64),
    ("input", np.uintp),
)
STATES = _struct(("states", np.uintp), ("count", np.uintp), ("kind", np.uint32), ("reserved", np.uint32))

GUARD_STATE = _struct(("consecutive", np.uint64), ("total", np.uint64))
NORM_STATE = _struct(("m", np.float64), ("v", np.float64), ("steps", np.uint64), ("skipped", np.uint64))
AUTOSCALE_STATE = _struct(("exponent", np.float64), ("sigma", np.float64), ("alpha", np.float64), ("steps", np.uint64))
ZCLIP_STATE = _struct(("mean", np.float64), ("var", np.float64), ("steps", np.uint64))
STEP_STATE = _struct(("steps", np.uint64))

GUARD_CONFIG = _config(("policy", np.uint32), ("max_consecutive", np.uint64))
STABLE_GRAD_CONFIG = _config(("roles", np.uint32), ("eps", np.float64))
GRADIENT_STABILIZER_CONFIG = _config(
    ("scope", np.uint32),
    ("gamma1", np.float64),
    ("gamma2", np.float64),
    ("eps", np.float64),
    ("bias_correction", np.uint32),
    ("reserved", np.uint32),
)
CENTRALIZE_CONFIG = _config(("roles", np.uint32))
CLIP_NORM_CONFIG = _config(("scope", np.uint32))
ZNORM_CONFIG = _config(("roles", np.uint32), ("eps", np.float64))
AGC_CONFIG = _config(("reserved", np.uint32), ("clipping", np.float64), ("eps", np.float64))
ZCLIP_CONFIG = _config(
    ("warmup", np.uint32),
    ("alpha", np.float64),
    ("z_max", np.float64),
    ("eps", np.float64),
    ("max_norm", np.float64),
)
SGD_CONFIG = _config(
    ("nesterov", np.uint32),
    ("lr", np.float64),
    ("momentum", np.float64),
    ("dampening", np.float64),
    ("weight_decay", np.float64),
    ("decay_roles", np.uint32),
    ("reserved", np.uint32),
)
ADAM_CONFIG = _config(
    ("decoupled", np.uint32),
    ("lr", np.float64),
    ("beta1", np.float64),
    ("beta2", np.float64),
    ("eps", np.float64),
    ("weight_decay", np.float64),
    ("decay_roles", np.uint32),
    ("reserved", np.uint32),
)

# Element types by the name of their NumPy dtype; bfloat16 is ml_dtypes'.
DTYPES = {"float32": 0, "float16": 1, "bfloat16": 2, "float64": 3}
ROLES = {"weights": 0, "all": 1}
SCOPES = {"tensor": 0, "global": 1}
POLICIES = {"skip_step": 0, "zero": 1}
ACTIVATIONS = {"relu": 0, "tanh": 1, "silu": 2, "gelu": 3, "sin": 4, "identity": 5}
WEIGHT, BIAS = 0, 1
METHODS = {
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

    OK = 0
    SKIP_STEP = 1
    NULL_POINTER = -1
    BAD_DTYPE = -2
    BAD_CONFIG = -3
    BAD_REFERENCE = -4
    BAD_STATE = -5
    NON_FINITE = -6
    OVERFLOW = -7
    ORDER = -8
    DIVERGED = -9
    UNSUPPORTED = -10
    MISALIGNED = -11
    BAD_LENGTH = -12
    BAD_MAGIC = -13
    BAD_VERSION = -14
    WRONG_KIND = -15
    WRONG_COUNT = -16
    TRUNCATED = -17
    BAD_CHECKSUM = -18


def choice(names: dict[str, int], name: str, what: str) -> int:
    """The number that the C library has for a name."""
    if isinstance(name, str) and name in names:
        return names[name]
    known = " or ".join(repr(known) for known in names)
    raise ValueError(f"{what}={name!r} is unknown: choose {known}")


def config(layout: np.dtype, **values: float) -> np.ndarray:
    """A configuration, struct_size set and reserved fields 0."""
    record = np.zeros((), layout)
    record["struct_size"] = layout.itemsize
    for field, value in values.items():
        record[field] = _fitting(layout[field], value, field)
    return record


def _fitting(kind: np.dtype, value: float, field: str) -> float:
    if kind.kind == "f":
        return float(value)
    whole = int(value)
    if whole != value or not 0 <= whole <= np.iinfo(kind).max:
        raise ValueError(f"{field}={value!r} must be a whole number from 0 to {np.iinfo(kind).max}")
    return whole
