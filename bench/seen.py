"""What was made: the mean and spread of its first numbers, or its orthogonality."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["seen"]

LOOKED_AT = 1 << 16
CHECKED_ORTHOGONAL = 1024


def seen(
    numbers: Callable[[Any, int], np.ndarray],
    array: Any,
    shape: tuple[int, ...],
    *,
    orthogonal: bool,
) -> dict[str, float]:
    """A look at an array, by a function that gives its first numbers."""
    first = numbers(array, LOOKED_AT)
    found = {"count": first.size, "mean": float(first.mean()), "std": float(first.std())}
    if orthogonal and min(shape[-2:]) <= CHECKED_ORTHOGONAL:
        rows, columns = shape[-2:]
        q = numbers(array, rows * columns).reshape(rows, columns)
        square = q.T @ q if rows >= columns else q @ q.T
        found["error"] = float(np.max(np.abs(square - np.eye(len(square)))))
    return found
