"""Trees of gradients, and numbers for a call."""

import re
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .._config import DTYPES
from .._structs import ROLE

Mask = Any | Callable[[Any], Any]
"""A tree of bools, of which each may stand for a part of the gradients' tree; or what makes it of that."""


class Leaves:
    """The gradients of a tree in its order, with roles and names; None and MaskedNode are no leaves."""

    def __init__(self, tree: Any, mask: Mask | None):
        paths, self._structure = jax.tree_util.tree_flatten_with_path(tree)
        self.paths = [path for path, _ in paths]
        self.names = [jax.tree_util.keystr(path) or "(the only leaf)" for path in self.paths]
        self.arrays = [_checked(leaf, name) for (_, leaf), name in zip(paths, self.names, strict=True)]
        self.weights = self._weights(tree, mask)

    def _weights(self, tree: Any, mask: Mask | None) -> list[bool]:
        if mask is None:
            return [array.ndim >= 2 for array in self.arrays]
        wanted = mask(tree) if callable(mask) else mask
        spread = jax.tree.map(lambda flag, part: jax.tree.map(lambda _: flag, part), wanted, tree)
        flags = jax.tree.leaves(spread)
        for flag, name in zip(flags, self.names, strict=True):
            if not isinstance(flag, bool | np.bool_):
                raise TypeError(f"mask{name} is {flag!r}: it must be True (a weight) or False")
        return [bool(flag) for flag in flags]

    @property
    def attributes(self) -> dict[str, Any]:
        """What the call is told about them."""
        roles = [ROLE["weight" if weight else "bias"] for weight in self.weights]
        return {"roles": np.array(roles, np.int32), "names": "\n".join(self.names)}

    def tree(self, arrays: list[jax.Array]) -> Any:
        """A tree of the same structure."""
        return jax.tree.unflatten(self._structure, arrays)

    def last_weight(self) -> int:
        """The position of the last weight: the last in lists, the greatest name in dicts."""
        weights = [i for i, weight in enumerate(self.weights) if weight]
        if not weights:
            raise ValueError(
                'reference="last-layer" needs a weight, and no leaf is one: weights are leaves with '
                "ndim >= 2, or those that mask says"
            )
        order = _reading_order(self.paths)
        last = max(weights, key=lambda i: order[i])
        if self.arrays[last].size < 2:
            raise ValueError(
                f'reference="last-layer" needs at least 2 elements, and {self.names[last]} has '
                f"{self.arrays[last].size}: pass reference= to update instead"
            )
        return last


def _checked(leaf: Any, name: str) -> jax.Array:
    dtype = getattr(leaf, "dtype", None) or jnp.result_type(leaf)
    if dtype.name not in DTYPES:
        raise TypeError(
            f"gradient {name} has dtype {dtype}: it must be one of {', '.join(DTYPES)}; leave it out of the "
            "tree, or hide it with optax.masked"
        )
    return jnp.asarray(leaf)


def _reading_order(paths: list[tuple[Any, ...]]) -> list[list[Any]]:
    """Keys that sort as a reader would: lists by position, dicts by name, layer_2 before layer_10."""
    first: dict[tuple[Any, ...], int] = {}  # Where a part of the tree begins.
    for index, path in enumerate(paths):
        for depth in range(len(path)):
            first.setdefault(path[: depth + 1], index)
    return [
        [
            _numbers_as_numbers(str(key.key))
            if isinstance(key, jax.tree_util.DictKey)
            else [(0, first[path[: depth + 1]], "")]
            for depth, key in enumerate(path)
        ]
        for path in paths
    ]


def _numbers_as_numbers(text: str) -> list[tuple[int, int, str]]:
    parts = [part for part in re.split(r"(\d+)", text) if part]
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts]


def number(value: Any, what: str) -> Any:
    """A number for a call: with all its 64 bits where Python knows it, as it is where JAX has it."""
    if np.ndim(value) != 0:
        raise ValueError(f"{what} has shape {np.shape(value)}: it must be a scalar")
    if not isinstance(value, jax.Array):
        return np.frombuffer(np.float64(value).tobytes(), np.uint32)
    if jnp.issubdtype(value.dtype, jnp.complexfloating):
        raise TypeError(f"{what} is complex: it must be real")
    return value.astype(jnp.float32) if value.dtype.itemsize < 4 else value
