"""How an array lies in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

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

    @staticmethod
    def of_numpy(array: Any) -> Memory:
        """That of a NumPy array."""
        address = array.__array_interface__["data"][0]
        return Memory("cpu", address, array.shape, array.strides, array.itemsize)

    def seen_by_numpy(self, dtype: str) -> Any:
        """The memory as an array of NumPy's, to be written; of another device only to be compared."""
        interface = {
            "version": 3,
            "data": (self.address, False),
            "typestr": np.dtype(dtype).str,
            "shape": self.shape,
            "strides": self.strides,
        }
        return np.asarray(_Interface(interface))

    @property
    def contiguous(self) -> bool:
        """Whether the elements lie one after another in row-major order."""
        step = self.itemsize
        for length, stride in zip(reversed(self.shape), reversed(self.strides), strict=True):
            if length > 1 and stride != step:
                return False
            step *= length
        return True

    @property
    def bounds(self) -> tuple[int, int]:
        """The first byte, and one past the last, of an array that has elements."""
        reach = [step * (n - 1) for n, step in zip(self.shape, self.strides, strict=True)]
        first = self.address + sum(step for step in reach if step < 0)
        return first, self.address + sum(step for step in reach if step > 0) + self.itemsize


class _Interface:
    def __init__(self, interface: dict[str, Any]) -> None:
        self.__array_interface__ = interface


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
