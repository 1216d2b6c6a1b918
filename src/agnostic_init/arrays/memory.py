"""How an array lies in memory."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from ctypes import addressof, c_char
from typing import Any

import numpy as np

from agnostic_init.arrays.values import Record

__all__ = ["Memory", "address", "addresses", "empty", "overlaps"]


class Memory(Record):
    """Where the elements of an array are.

    Attributes
    ----------
    device
        A name that is the same in all libraries.
    address
        Of the first element.
    shape
        Of the array.
    strides
        In bytes; None where the elements lie one after the other in row-major order.
    itemsize
        Of an element, in bytes.
    """

    device: str
    address: int
    shape: tuple[int, ...]
    strides: tuple[int, ...] | None
    itemsize: int

    @staticmethod
    def of_numpy(array: Any) -> Memory:
        """That of a NumPy array."""
        strides = None if array.flags.c_contiguous else array.strides
        return Memory("cpu", address(array), array.shape, strides, array.itemsize)

    def seen_by_numpy(self, dtype: str, owner: Any = None) -> Any:
        """The memory as an array of NumPy's, to be written; of another device only to be compared.

        The array keeps `owner` alive, and does nothing else to it.
        """
        interface = {
            "version": 3,
            "data": (self.address, False),
            "typestr": np.dtype(dtype).str,
            "shape": self.shape,
            "strides": self.strides,
        }
        return np.asarray(_Interface(interface, owner))

    @property
    def bounds(self) -> tuple[int, int]:
        """The first byte, and one past the last, of an array that has elements."""
        if self.strides is None:
            return self.address, self.address + math.prod(self.shape) * self.itemsize
        reach = [step * (n - 1) for n, step in zip(self.shape, self.strides, strict=True)]
        first = self.address + sum(step for step in reach if step < 0)
        return first, self.address + sum(step for step in reach if step > 0) + self.itemsize


class _Interface:
    """What NumPy asks of memory that it is to see as an array."""

    def __init__(self, interface: dict[str, Any], owner: Any) -> None:
        self.__array_interface__ = interface
        self.owner = owner


def empty(shape: tuple[int, ...], dtype: Any, alignment: int = 1) -> Any:
    """An array of NumPy's of which no element is set, from a multiple of some bytes on."""
    made = np.empty(shape, dtype)
    if alignment == 1 or address(made) % alignment == 0:
        return made
    memory = np.empty(made.nbytes + alignment, np.uint8)
    first = -address(memory) % alignment
    return memory[first : first + made.nbytes].view(dtype).reshape(shape)


def address(array: Any) -> int:
    """Of the first element of a NumPy array."""
    if array.flags.c_contiguous:
        try:
            return addressof(c_char.from_buffer(array))  # in a third of the time
        except (TypeError, ValueError):  # read-only, empty, or of a dtype that is not NumPy's
            pass
    found: int = array.ctypes.data
    return found


def addresses(arrays: Iterable[Any]) -> list[int]:
    """The same of many that are contiguous."""
    try:
        return list(map(addressof, map(c_char.from_buffer, arrays)))
    except (TypeError, ValueError):
        return [address(array) for array in arrays]


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
