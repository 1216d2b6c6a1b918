"""A block of an array as axes that a kernel's threads walk along."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from agnostic_init.arrays.errors import must
from agnostic_init.bits.block import Block

__all__ = ["Axis", "axes_of", "divider"]

LIMIT = 1 << 64


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis of the block: length, and the steps in the stream and in memory, in elements."""

    count: int
    position: int
    place: int


def axes_of(block: Block, strides: Sequence[int]) -> tuple[int, list[Axis]]:
    """The first position, and the axes in the order in which threads walk through them.

    Neighbouring threads write neighbouring memory, and axes that are one are made one.
    """
    base, step = 0, 1
    places = list(strides)
    axes: list[Axis] = []
    for length, start, stride, count, dropped in zip(
        *(reversed(x) for x in (block.global_shape, block.starts, block.steps, block.counts)),
        reversed(block.dropped),
        strict=True,
    ):
        base += start * step
        place = 0 if dropped else places.pop()
        if count > 1:
            if place == 0 and block.size:  # CuPy's empty arrays have no other strides
                raise must("out", "must not have elements that share memory", tuple(strides))
            axes.append(Axis(count, stride * step, place))
        step *= length
    if not axes or not block.size:
        return base % LIMIT, [Axis(min(block.size, 1), 1, 1)]
    merged = [axes[0]]
    for axis in axes[1:]:
        last = merged[-1]
        if (last.count * last.position, last.count * last.place) == (axis.position, axis.place):
            merged[-1] = replace(last, count=last.count * axis.count)
        else:
            merged.append(axis)
    return base % LIMIT, sorted(merged, key=lambda axis: abs(axis.place))


def divider(divisor: int) -> tuple[int, int]:
    """Magic number and shift: ``n // divisor == (magic * 2n >> 64) >> shift`` for n < 2^63.

    With 2^shift the first power of two not below the divisor, the magic number exceeds
    2^(63 + shift) / divisor by less than 1 <= 2^shift / divisor, too little to reach the next
    integer (Granlund and Montgomery, "Division by invariant integers", 1994).
    """
    shift = (divisor - 1).bit_length()
    return -(-(1 << 63 + shift) // divisor), shift
