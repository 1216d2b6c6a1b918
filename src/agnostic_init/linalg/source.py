"""Where the normals of a panel come from: drawn when it is reached, or all before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from agnostic_init.arrays.target import Target
from agnostic_init.bits.key import Key
from agnostic_init.linalg.haar import Haar

__all__ = ["Into", "Source", "into_of_key", "into_of_keys", "of_key", "of_normals"]

Source = Callable[[int, int], Any]  # of the first and one past the last vector of a panel
Into = Callable[[int, int, Any], None]  # the same, into an array


def of_key(haar: Haar, key: Key, target: Target, part: Any, size: int) -> Source:
    """The normals of a part of the batch, of matrices of `size` elements."""

    def drawn(start: int, stop: int) -> Any:
        return haar.draw(key, start, stop, target, part)

    return of_normals(drawn(0, haar.short)) if haar.drawn_at_once(size) else drawn


def of_normals(normals: Any) -> Source:
    """Panels of all normals, as views that may be overwritten."""
    return lambda start, stop: normals[..., start:stop, start:]


def into_of_key(haar: Haar, key: Key, library: Any) -> Into:
    """The normals of all the batch."""

    def drawn(start: int, stop: int, out: Any) -> None:
        haar.draw_into(key, start, stop, out, library)

    return drawn


def into_of_keys(haar: Haar, keys: Sequence[Key], library: Any) -> Into:
    """Those of equal matrices of several keys, one key for each place of the first axis."""

    def drawn(start: int, stop: int, out: Any) -> None:
        for key, one in zip(keys, out, strict=True):
            haar.draw_into(key, start, stop, one, library)

    return drawn
