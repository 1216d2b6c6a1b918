"""How a tensor lies in a piece of memory, and which part of another tensor there it is."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

__all__ = ["Geometry", "disjoint", "meeting", "of", "region"]


class Geometry(NamedTuple):
    """Shape, steps and start, in elements of a dtype."""

    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int
    dtype: Any

    @property
    def size(self) -> int:
        """How many elements there are."""
        return math.prod(self.shape)

    @property
    def in_order(self) -> bool:
        """Whether the elements lie one after the other, row by row."""
        step = 1
        for length, stride in zip(reversed(self.shape), reversed(self.strides), strict=True):
            if length != 1 and stride != step:
                return False
            step *= length
        return True


def of(tensor: Any) -> Geometry:
    """That of a tensor."""
    return Geometry(
        tuple(tensor.shape), tuple(tensor.stride()), tensor.storage_offset(), tensor.dtype
    )


def region(whole: Geometry, view: Geometry) -> tuple[slice, ...] | None:
    """The index of `whole` that `view` is, if it is a basic one.

    The shapes of the two need not agree in axes of length 1, which may be missing from the view;
    an index of everything is one of empty slices.

    Examples
    --------
    >>> whole = Geometry((4, 6), (6, 1), 0, "float32")
    >>> region(whole, Geometry((6,), (1,), 12, "float32"))
    (slice(2, 3, 1), slice(0, 6, 1))
    >>> region(whole, Geometry((2, 3), (3, 1), 12, "float32"))
    (slice(2, 3, 1), slice(0, 6, 1))
    >>> region(whole, Geometry((6, 4), (1, 6), 0, "float32")) is None
    True
    """
    if view.dtype != whole.dtype:
        return None
    if (whole.size == view.size and whole.offset == view.offset) and (
        (whole.shape == view.shape and whole.strides == view.strides)
        or (whole.in_order and view.in_order)
    ):
        return tuple(slice(0, n, 1) for n in whole.shape)
    if whole.in_order and view.in_order:
        rows = _rows(whole, view)
        if rows is not None:
            return rows
    start = _digits(whole, view.offset - whole.offset)
    if start is None:
        return None
    left = [
        (n, step) for n, step in zip(view.shape, view.strides, strict=True) if n != 1
    ]  # of axes, in their order
    index = []
    for first, length, stride in zip(start, whole.shape, whole.strides, strict=True):
        # The next axis of the view is along this one if it steps in it and stays in it.
        count, step = 1, 1
        if left and length != 1 and stride and left[0][1] % stride == 0:
            n, jump = left[0]
            step = jump // stride
            if step >= 1 and first + (n - 1) * step < length:
                count = n
                left.pop(0)
            else:
                step = 1
        index.append(slice(first, first + (count - 1) * step + 1, step))
    return None if left else tuple(index)


def _rows(whole: Geometry, view: Geometry) -> tuple[slice, ...] | None:
    """The index of a view of elements that lie one after the other, in whatever shape."""
    inner, first = 1, view.offset - whole.offset
    for axis in reversed(range(len(whole.shape))):
        length = whole.shape[axis]
        count, rest = divmod(view.size, inner)
        at = first // inner % length if length else 0
        if count and not rest and not first % inner and at + count <= length:
            outside = math.prod(whole.shape[axis:])
            index = [slice(0, n, 1) for n in whole.shape]
            index[axis] = slice(at, at + count, 1)
            for outer in reversed(range(axis)):
                digit = first // outside % whole.shape[outer]
                outside *= whole.shape[outer]
                index[outer] = slice(digit, digit + 1, 1)
            return tuple(index) if first >= 0 and first + view.size <= whole.size else None
        inner *= length
    return None


def _digits(whole: Geometry, offset: int) -> list[int] | None:
    """Where in each axis an element lies."""
    if offset < 0:
        return None
    found = [0] * len(whole.shape)
    order = sorted(range(len(whole.shape)), key=lambda axis: -whole.strides[axis])
    for axis in order:
        if whole.shape[axis] == 1 or not whole.strides[axis]:
            continue
        found[axis], offset = divmod(offset, whole.strides[axis])
        if found[axis] >= whole.shape[axis]:
            return None
    return None if offset else found


def meeting(one: range, other: range) -> tuple[slice, slice] | None:
    """What two runs with steps of one or more have in common, as slices of each.

    Examples
    --------
    >>> meeting(range(0, 10, 2), range(4, 9, 3))
    (slice(2, 3, 3), slice(0, 1, 2))
    """
    step = math.lcm(one.step, other.step)
    skipped = max(0, -((one.start - other.start) // one.step))
    first = next((at for at in one[skipped : skipped + other.step] if at in other), None)
    if first is None:
        return None
    count = (min(one[-1], other[-1]) - first) // step + 1
    return _slice(one, first, step, count), _slice(other, first, step, count)


def disjoint(places: Sequence[tuple[slice, ...]]) -> bool:
    """Whether no two parts of an array have an element in common.

    Examples
    --------
    >>> disjoint([(slice(0, 2, 1),), (slice(2, 4, 1),)])
    True
    """
    return not any(
        all(
            meeting(range(a.start, a.stop, a.step), range(b.start, b.stop, b.step)) is not None
            for a, b in zip(one, other, strict=True)
        )
        for one, other in itertools.combinations(places, 2)
    )


def _slice(run: range, first: int, step: int, count: int) -> slice:
    start, jump = run.index(first), step // run.step
    return slice(start, start + (count - 1) * jump + 1, jump)
