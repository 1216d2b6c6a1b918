"""Where the normals of a panel come from: drawn when it is reached, or all before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agnostic_init.arrays.target import Target
from agnostic_init.bits.key import Key
from agnostic_init.linalg.haar import Haar

__all__ = ["Source", "of_key", "of_normals"]

Source = Callable[[int, int], Any]  # of the first and one past the last vector of a panel


def of_key(haar: Haar, key: Key, target: Target, part: Any, size: int) -> Source:
    """The normals of a part of the batch, of matrices of `size` elements."""

    def drawn(start: int, stop: int) -> Any:
        return haar.draw(key, start, stop, target, part)

    return of_normals(drawn(0, haar.short)) if haar.drawn_at_once(size) else drawn


def of_normals(normals: Any) -> Source:
    """Panels of all normals, as views that may be overwritten."""
    return lambda start, stop: normals[..., start:stop, start:]
