"""Places along an axis, as unsigned 64-bit integers: an axis may have 2^64 of them."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["LIMIT", "digit", "places_of", "remainder", "small"]

LIMIT = 1 << 64


def places_of(start: int, step: int, count: int) -> Any:
    """The places that a block has of an axis: ``start + step * j`` for ``0 <= j < count``."""
    # A negative step is one that wraps around.
    return np.uint64(start) + np.arange(count, dtype=np.uint64) * np.uint64(step % LIMIT)


def digit(places: Any, stride: int, length: int) -> Any:
    """The index ``places // stride % length``."""
    above = places // np.uint64(stride) if 0 < stride < LIMIT else np.zeros_like(places)
    return remainder(above, length)


def remainder(places: Any, length: int) -> Any:
    """The index ``places % length``; the places themselves, where there are no more."""
    return places % np.uint64(length) if 0 < length < LIMIT else places


def small(places: Any, others: Any) -> tuple[Any, Any]:
    """32-bit integers that are equal where the given ones are; those of `others` are not negative."""
    first, last = (int(others.min()), int(others.max())) if others.size else (0, 0)
    if last - first < (1 << 31) - 1:
        known = (places >= first) & (places <= last)
        mine, theirs = places - np.uint64(first), others - np.uint64(first)
    else:  # far apart: their ranks
        values, theirs = np.unique(others, return_inverse=True)
        mine = np.minimum(np.searchsorted(values, places), values.size - 1)
        known = values[mine] == places
    found = np.full(places.shape, -1, np.int32)
    found[known] = mine[known]
    return found, theirs.reshape(others.shape).astype(np.int32)
