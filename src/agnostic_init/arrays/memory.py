"""How an array lies in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["Memory", "overlaps"]


class Memory(NamedTuple):
    """Where the elements of an array are.

    Attributes
    ----------
    device : a name that is the same in all libraries.
    address : of the first element.
    shape : of the array.
    strides : in bytes.
    itemsize : of an element, in bytes.
    """

    device: str
    address: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    itemsize: int

    @property
    def bounds(self) -> tuple[int, int]:
        """The first byte, and one past the last, of an array that has elements."""
        reach = [step * (n - 1) for n, step in zip(self.shape, self.strides, strict=True)]
        first = self.address + sum(step for step in reach if step < 0)
        return first, self.address + sum(step for step in reach if step > 0) + self.itemsize


def overlaps(shape: Sequence[int], strides: Sequence[int]) -> bool:
    """Whether several elements share a place, as in an expanded or broadcast array.

    Exact for the memory of broadcasting, transposing and slicing; strides made by hand that
    interleave may be taken to overlap where they do not.
    """
    if 0 in shape:
        return False
    reach = 0
    for stride, length in sorted(
        (abs(stride), length) for stride, length in zip(strides, shape, strict=True) if length > 1
    ):
        if stride <= reach:
            return True
        reach += stride * (length - 1)
    return False
