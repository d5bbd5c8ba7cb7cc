"""Configurations, made of what Python programs pass."""

from typing import Any

import numpy as np

from ._structs import CHOICES, DTYPE

# Element types by the name of their NumPy dtype; bfloat16 is ml_dtypes'.
DTYPES = {"float32": DTYPE["f32"], "float16": DTYPE["f16"], "bfloat16": DTYPE["bf16"], "float64": DTYPE["f64"]}


def choice(names: dict[str, int], name: object, what: str) -> int:
    """The number that the C library has for a name."""
    if isinstance(name, str) and name in names:
        return names[name]
    known = " or ".join(repr(known) for known in names)
    raise ValueError(f"{what}={name!r} is unknown: choose {known}")


def config(layout: np.dtype, **values: float | str) -> np.ndarray:
    """A configuration, struct_size set and reserved fields 0. What C has an enum for is given by name."""
    record = np.zeros((), layout)
    record["struct_size"] = layout.itemsize
    for field, value in values.items():
        named = CHOICES.get(field)
        record[field] = _fitting(layout[field], value, field) if named is None else choice(named, value, field)
    return record


def _fitting(kind: np.dtype, value: Any, field: str) -> float:
    if kind.kind == "f":
        return float(value)
    whole = int(value)
    if whole != value or not 0 <= whole <= np.iinfo(kind).max:
        raise ValueError(f"{field}={value!r} must be a whole number from 0 to {np.iinfo(kind).max}")
    return whole
