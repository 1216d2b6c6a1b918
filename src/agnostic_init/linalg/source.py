"""Where the normals of a panel come from: drawn when it is reached, or all before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from agnostic_init.arrays.library import Library
from agnostic_init.arrays.target import Target
from agnostic_init.bits.key import Key
from agnostic_init.linalg.haar import Haar

__all__ = ["Into", "Source", "into_of_key", "into_of_keys", "of_key", "of_normals"]

Source = Callable[[int, int], Any]  # of the first and one past the last vector of a panel
# The part of the batch, () for all, and the same, into an array.
Into = Callable[[tuple[slice, ...], int, int, Any], None]


def of_key(haar: Haar, key: Key, target: Target, part: Any, size: int) -> Source:
    """The normals of a part of the batch, of matrices of `size` elements."""

    def drawn(start: int, stop: int) -> Any:
        return haar.draw(key, start, stop, target, part)

    return of_normals(drawn(0, haar.short)) if haar.drawn_at_once(size) else drawn


def of_normals(normals: Any) -> Source:
    """Panels of all normals, as views that may be overwritten."""
    return lambda start, stop: normals[..., start:stop, start:]


def into_of_key(haar: Haar, key: Key, library: Library) -> Into:
    """Those of one key."""

    def drawn(part: tuple[slice, ...], start: int, stop: int, out: Any) -> None:
        haar.draw_into(key, start, stop, out, library, part)

    return drawn


def into_of_keys(haar: Haar, keys: Sequence[Key], library: Library) -> Into:
    """Those of equal matrices of several keys, one key for each place of the first axis."""

    def drawn(part: tuple[slice, ...], start: int, stop: int, out: Any) -> None:
        some = keys[part[0]] if part else keys
        for key, one in zip(some, out, strict=True):
            haar.draw_into(key, start, stop, one, library, part[1:])

    return drawn
