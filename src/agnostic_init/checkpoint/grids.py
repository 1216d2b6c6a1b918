"""Positions on a grid, as of an image's patches, brought to another grid."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from agnostic_init.arrays.errors import must
from agnostic_init.bits.block import Block

__all__ = ["Grid", "axis_of", "grid_of", "on_grid"]

FORM = re.compile(r"grid(?:\+(\d{1,9}))?(?::(\d{1,9})x(\d{1,9}):(\d{1,9})x(\d{1,9}))?")


class Grid(NamedTuple):
    """Where positions lie.

    Attributes
    ----------
    ahead
        How many entries of the axis come before the grid and stay, as that of a class token.
    old, new
        Rows and columns; None for a square.
    """

    ahead: int
    old: tuple[int, int] | None
    new: tuple[int, int] | None

    def of(self, length: int, *, old: bool) -> tuple[int, int]:
        """Rows and columns of an axis of this length."""
        given = self.old if old else self.new
        count = length - self.ahead
        if given is None:
            side = math.isqrt(max(count, 0))
            given = side, side
        if count < 1 or given[0] * given[1] != count:
            ahead = f"{self.ahead} and " if self.ahead else ""
            sides = f"{given[0]} x {given[1]}" if (self.old and self.new) else "a square"
            hint = "'grid+1' for a class token ahead, or 'grid+1:14x14:16x24' for other grids"
            raise must("shape", f"must have an axis of {ahead}{sides} positions", length, hint)
        return given


def grid_of(resize: object) -> Grid | None:
    """The grid that a resize says; None where it says another.

    Examples
    --------
    >>> grid_of("grid+1:14x14:16x24")
    Grid(ahead=1, old=(14, 14), new=(16, 24))
    >>> grid_of("rows")
    """
    found = FORM.fullmatch(resize) if isinstance(resize, str) else None
    if found is None:
        return None
    ahead, *sides = found.groups()
    if sides[0] is None:
        return Grid(int(ahead or 0), None, None)
    a, b, c, d = map(int, sides)
    return Grid(int(ahead or 0), (a, b), (c, d))


def axis_of(old: tuple[int, ...], new: tuple[int, ...]) -> int:
    """The one axis in which two shapes differ."""
    axes = [n for n, (a, b) in enumerate(zip(old, new, strict=True)) if a != b]
    if len(axes) != 1:
        raise must("shape", f"must differ from {old} in one axis, that of the positions", new)
    return axes[0]


def on_grid(source: Any, decoded: Callable[[Any], Any], part: Block, grid: Grid) -> Any:
    """A block of what bilinear interpolation between grids whose corners are alike makes."""
    axis = axis_of(source.shape, part.global_shape)
    old = grid.of(source.shape[axis], old=True)
    new = grid.of(part.global_shape[axis], old=False)
    index: list[Any] = [
        start + step * np.arange(count)
        for start, step, count in zip(part.starts, part.steps, part.counts, strict=True)
    ]
    places = index[axis]
    on = np.maximum(places - grid.ahead, 0)
    made = 0.0
    for rows, vertical in _neighbours(on // new[1], old[0], new[0]):
        for columns, horizontal in _neighbours(on % new[1], old[1], new[1]):
            at = grid.ahead + rows * old[1] + columns
            weight = vertical * horizontal
            index[axis] = np.where(places < grid.ahead, places, at)
            found = np.ascontiguousarray(source[np.ix_(*index)])
            values = decoded(found.reshape(-1)).astype(np.float64).reshape(found.shape)
            made = made + values * weight.reshape(-1, *(1,) * (len(index) - axis - 1))
    return made


def _neighbours(places: Any, old: int, new: int) -> list[tuple[Any, Any]]:
    """The two old places beside each new one, and what each counts."""
    exact = places * ((old - 1) / (new - 1)) if new > 1 else np.zeros(len(places))
    below = np.minimum(exact.astype(np.int64), old - 1)
    share = exact - below
    return [(below, 1 - share), (np.minimum(below + 1, old - 1), share)]
