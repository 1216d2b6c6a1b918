"""Tensors of other shapes than those that are there."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from agnostic_init.arrays.errors import must, must_be_type
from agnostic_init.bits.block import Block
from agnostic_init.bits.key import Key
from agnostic_init.checkpoint.grids import axis_of, grid_of
from agnostic_init.draws.functions import normal

__all__ = ["RESIZES", "check_resize", "fits", "interpolated", "new_rows", "taken"]

RESIZES = ("corner", "repeat", "rows", "interpolate")
FORMS = (*RESIZES, "grid", "grid+1")  # which are shown
ROWS = 4096  # of the old ones, which are computed with at once


def check_resize(resize: object, what: str = "") -> None:
    """Raise unless it is one of `RESIZES`, or a grid."""
    if not isinstance(resize, str) or (resize not in RESIZES and grid_of(resize) is None):
        rule = f"must be one of {', '.join(map(repr, FORMS))}{what}"
        raise (must if isinstance(resize, str) else must_be_type)("resize", rule, resize)


def fits(old: tuple[int, ...], new: tuple[int, ...], resize: str | None) -> None:
    """Raise unless one shape can be made of the other so."""
    if resize is None:
        raise must("shape", f"must be {old}, as no resize is given", new, "a resize for it")
    if len(old) != len(new):
        raise must("shape", f"must have as many axes as {old}", new)
    grid = grid_of(resize)
    if grid is not None:
        axis = axis_of(old, new)
        grid.of(old[axis], old=True)
        grid.of(new[axis], old=False)
    if resize == "repeat" and 0 in old and 0 not in new:
        raise must("shape", "must be empty, as there is nothing to repeat", new)
    if resize in ("rows", "interpolate"):
        if not new or old[1:] != new[1:]:
            raise must("shape", f"must differ from {old} in the first axis alone", new)
        least = 2 if resize == "rows" else 1
        if old[0] < least:
            raise must("shape", f"must be made of {least} rows at least", old)
        if resize == "rows" and new[0] < old[0]:
            raise must("shape", f"must have as many rows as {old} or more", new, "'corner'")


def taken(source: Any, part: Block, lengths: tuple[int, ...]) -> Any:
    """A block of the source, repeated along each axis for ever."""
    axes: list[Any] = []
    for start, step, count, length in zip(
        part.starts, part.steps, part.counts, lengths, strict=True
    ):
        if step > 0 and start + step * (count - 1) < length:
            axes.append(slice(start, start + step * (count - 1) + 1 if count else start, step))
        else:
            axes.append((start + step * np.arange(count)) % max(length, 1))
    found = source
    for axis, item in enumerate(axes):
        index = (*(slice(None),) * axis, item)
        found = found[index]
    return found


def new_rows(source: Any, decoded: Callable[[Any], Any], key: Key, part: Block) -> Any:
    """A block of the rows and as many more, of the mean and covariance of the old ones."""
    count, shape = source.shape[0], source.shape[1:]
    rows = part.starts[0] + part.steps[0] * np.arange(part.counts[0])
    made = np.empty((len(rows), math.prod(shape)))
    old = rows < count
    made[old] = _rows(source, decoded, rows[old])
    if not old.all():
        total = part.global_shape[0] - count
        # x = sum of z_i (r_i - mean) / sqrt(n - 1) has the covariance of the rows r_i.
        z = normal((total, count), key=key, dtype="float64")[rows[~old] - count]
        mean = np.zeros(made.shape[1])
        for start in range(0, count, ROWS):
            mean += _rows(source, decoded, slice(start, start + ROWS)).sum(axis=0) / count
        added = np.zeros((len(z), made.shape[1]))
        for start in range(0, count, ROWS):
            some = _rows(source, decoded, slice(start, start + ROWS)) - mean
            added += z[:, start : start + ROWS] @ some
        made[~old] = mean + added / math.sqrt(count - 1)
    return _of_the_other_axes(made.reshape(len(rows), *shape), part)


def interpolated(source: Any, decoded: Callable[[Any], Any], part: Block) -> Any:
    """A block of the rows drawn out, or together, to another number of them."""
    rows = part.starts[0] + part.steps[0] * np.arange(part.counts[0])
    last, steps = source.shape[0] - 1, part.global_shape[0] - 1
    places = rows * (last / steps) if steps else np.zeros(len(rows))
    below = np.minimum(places.astype(np.int64), last)
    above = np.minimum(below + 1, last)
    weight = (places - below)[:, None]
    low, high = _rows(source, decoded, below), _rows(source, decoded, above)
    made = low * (1 - weight) + high * weight
    return _of_the_other_axes(made.reshape(len(rows), *source.shape[1:]), part)


def _rows(source: Any, decoded: Callable[[Any], Any], which: Any) -> Any:
    found = np.ascontiguousarray(source[which])
    numbers = decoded(found.reshape(-1)).astype(np.float64)
    return numbers.reshape(len(found), math.prod(source.shape[1:]))


def _of_the_other_axes(rows: Any, part: Block) -> Any:
    index: list[Any] = [slice(None)]
    for start, step, count in zip(part.starts[1:], part.steps[1:], part.counts[1:], strict=True):
        index.append(start + step * np.arange(count))
    for axis in range(1, len(index)):
        rows = np.take(rows, index[axis], axis=axis)
    return rows
