"""The sums of a fingerprint of host memory, by the compiled library."""

from __future__ import annotations

import ctypes
import functools
import struct
from typing import Any

from agnostic_init.bits.block import Block
from agnostic_init.draws.engines.native import number_of_threads
from agnostic_init.fingerprints.value import Fingerprint

__all__ = ["of_memory"]

AXIS = struct.Struct("=qQq")
WORTH_THREADS = 1 << 17  # words; some 0.1 ms of work
SLICE = 1 << 27  # words, after which Python looks for an interrupt
WORD = 4  # bytes
LIMIT = 1 << 64


def of_memory(view: Any, block: Block) -> Fingerprint:
    """That of a NumPy array of any strides, whose elements are `block` of the whole."""
    base, counts, strides = block.axes()
    if 0 in counts:
        return Fingerprint((0, 0, 0, 0))
    several = max(1, view.itemsize // WORD)
    axes = [
        (n, step * several, place)
        for n, step, place in zip(counts, strides, view.strides, strict=True)
    ]
    axes = _merged([*axes, (several, 1, min(view.itemsize, WORD))])
    size = 1
    for count, _, _ in axes:
        size *= count
    packed = b"".join(AXIS.pack(n, step % LIMIT, place) for n, step, place in axes)
    address = view.__array_interface__["data"][0]
    threads = number_of_threads() if size >= WORTH_THREADS else 1
    total = Fingerprint((0, 0, 0, 0))
    for start in range(0, size, SLICE):
        stop = min(start + SLICE, size)
        found = (ctypes.c_uint32 * 4)()
        _add()(
            address, packed, len(axes), base * several % LIMIT,
            min(view.itemsize, WORD), start, stop, threads, found,
        )  # fmt: skip
        a, b, c, d = found
        total += Fingerprint((a, b, c, d))
    return total


def _merged(axes: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """The same places in as few axes as can be, those that are far apart in memory first."""
    kept = sorted((axis for axis in axes if axis[0] > 1), key=lambda axis: -abs(axis[2]))
    found: list[tuple[int, int, int]] = []
    for count, step, place in reversed(kept):
        if found:
            inner, near, close = found[-1]
            if (step, place) == (inner * near, inner * close):
                found[-1] = inner * count, near, close
                continue
        found.append((count, step, place))
    return found[::-1] or [(1, 1, WORD)]


@functools.cache
def _add() -> Any:
    from agnostic_init.native.library import library

    function = library().agnostic_init_fingerprint
    function.argtypes = (
        ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int64, ctypes.c_uint64, ctypes.c_int32,
        ctypes.c_uint64, ctypes.c_uint64, ctypes.c_int32, ctypes.POINTER(ctypes.c_uint32),
    )  # fmt: skip
    function.restype = None
    return function
