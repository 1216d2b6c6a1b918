"""Which blocks of a tensor have been written: two that share an element are told apart from two that do not."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from agnostic_init.bits.block import Block

__all__ = ["Blocks"]


class Blocks:
    """Blocks of one array, none of which has an element of another."""

    def __init__(self) -> None:
        self._blocks: list[Block] = []
        self._boxes: Any = None  # first and last index on each axis, a row for each block
        self.elements = 0

    def overlapped(self, block: Block) -> Block | None:
        """A block that has an element of this one, if there is one."""
        if not self._blocks or not block.size:
            return None
        count = len(self._blocks)
        low, high = _box(block)
        boxes = self._boxes[:count]
        near = ((boxes[:, 0] <= high) & (low <= boxes[:, 1])).all(axis=1)
        for number in np.flatnonzero(near).tolist():
            if _meet(self._blocks[number], block):
                return self._blocks[number]
        return None

    def add(self, block: Block) -> None:
        """Take in one that overlaps none."""
        if not block.size:
            return
        box, count = np.array(_box(block)), len(self._blocks)
        if self._boxes is None:
            self._boxes = np.empty((16, *box.shape), np.int64)
        elif count == len(self._boxes):
            self._boxes = np.concatenate([self._boxes, np.empty_like(self._boxes)])
        self._boxes[count] = box
        self._blocks.append(block)
        self.elements += block.size


def _box(block: Block) -> tuple[Any, Any]:
    ends = [
        start + step * (count - 1)
        for start, step, count in zip(block.starts, block.steps, block.counts, strict=True)
    ]
    starts, lasts = np.array(block.starts, np.int64), np.array(ends, np.int64)
    return np.minimum(starts, lasts), np.maximum(starts, lasts)


def _meet(one: Block, other: Block) -> bool:
    """Whether the progressions of indices have a number in common on every axis."""
    axes = zip(
        one.starts, one.steps, one.counts, other.starts, other.steps, other.counts, strict=True
    )
    return all(_common(*axis) for axis in axes)


def _common(a: int, s: int, n: int, b: int, t: int, m: int) -> bool:
    """Whether ``a + s i`` for ``i < n`` and ``b + t j`` for ``j < m`` have a number in common."""
    if s < 0:
        a, s = a + s * (n - 1), -s
    if t < 0:
        b, t = b + t * (m - 1), -t
    divisor = math.gcd(s, t)
    if (b - a) % divisor:
        return False
    period = t // divisor
    steps = (b - a) // divisor * pow(s // divisor, -1, period) % period
    common, least = a + s * steps, max(a, b)  # one that both have, were they endless
    every = s * period
    common += -((common - least) // every) * every
    return common <= min(a + s * (n - 1), b + t * (m - 1))
