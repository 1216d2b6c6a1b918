"""The compiled library: batches of matrices as the records that it reads, and its calls.

Threads share the matrices or, where these are large and few, the steps of one. Neither changes a
bit of the result.
"""

from __future__ import annotations

import ctypes
import functools
import math
import struct
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from agnostic_init.arrays.dtypes import format_of
from agnostic_init.arrays.memory import Memory
from agnostic_init.bits.key import Key
from agnostic_init.draws.engines.native import AXIS, LIMIT, STORES, number_of_threads, packed
from agnostic_init.linalg.haar import Haar
from agnostic_init.native.library import library

__all__ = ["fill", "together"]

HEAD = struct.Struct("=5Q")
REST = struct.Struct("=5qd2i")  # and the draw
SLICE = 0.05  # seconds of work, after which Python looks for an interrupt
WORTH_THREADS = 2e-4  # seconds
RATE = 2e10  # operations a second of one thread; less than it does, to be on the safe side


def fill(haar: Haar, keys: Sequence[Key], memories: Sequence[Memory]) -> None:
    """Write the matrices of every key into memory of any strides."""
    records, kept = _records(haar, keys, memories)
    each, seconds = _work(haar)
    count = len(records) * each
    threads = number_of_threads() if seconds * count >= WORTH_THREADS else 1
    if seconds < WORTH_THREADS or count >= 2 * threads:
        _make_all(b"".join(records), len(records), count, seconds, threads)
        return
    for record in records:
        for index in range(each):
            _make_one(record, index, seconds, threads)
    del kept


def together(haar: Haar) -> int:
    """How many keys take long enough together that Python should look for an interrupt."""
    each, seconds = _work(haar)
    return max(1, int(SLICE / (seconds * each)))


def _records(
    haar: Haar, keys: Sequence[Key], memories: Sequence[Memory]
) -> tuple[list[bytes], Any]:
    """The record of each key, and what the records point to, but for the memory."""
    records, kept = [], []
    for key, memory in zip(keys, memories, strict=True):
        base, axes, rest = _same_for_all(haar, memory.strides, memory.itemsize)
        data = ctypes.create_string_buffer(axes, len(axes)) if axes else None
        kept.append(data)
        at = ctypes.addressof(data) if data else 0
        records.append(HEAD.pack(memory.address, key.seed, key.offset, base, at) + rest)
    return records, kept


@functools.lru_cache(maxsize=256)
def _same_for_all(
    haar: Haar, strides: tuple[int, ...] | None, itemsize: int
) -> tuple[int, bytes, bytes]:
    """Of the records of such matrices: the first position, the axes' records, and what follows."""
    if strides is None:
        strides = _contiguous(haar.shape, itemsize)
    base, axes = _batch(haar)
    normals, _ = packed(haar.draw)
    across, along = strides[-2:] if haar.wide else strides[:-3:-1]
    batch = [AXIS.pack(*axis, step) for axis, step in zip(axes, strides[:-2], strict=True)]
    rest = REST.pack(
        len(batch), haar.short, haar.long, across, along,
        haar.gain, STORES.index(format_of(haar.dtype).store), haar.special,
    )  # fmt: skip
    return base, b"".join(batch), rest + normals


def _make_all(records: bytes, count: int, total: int, seconds: float, threads: int) -> None:
    """Make all of the matrices, each by one of the threads."""
    make = _functions()[0]
    threads = min(threads, 1 + int(seconds * total / WORTH_THREADS))
    part = max(threads, int(SLICE * threads / seconds))
    for start in range(0, total, part):
        _done(make(records, count, start, min(total, start + part), threads))


def _make_one(record: bytes, index: int, seconds: float, threads: int) -> None:
    """Make one matrix, by threads that share the steps."""
    _, steps_of, make = _functions()
    steps, size = ctypes.c_int64(), ctypes.c_int64()
    steps_of(record, steps, size)
    memory = np.empty(size.value, np.uint8)
    total, slices = steps.value, math.ceil(seconds / (SLICE * threads))
    part = max(2 * threads, -(-total // slices))
    for start in range(0, total, part):
        stop = min(total, start + part)
        _done(make(record, index, memory.ctypes.data, start, stop, threads))


@functools.lru_cache(maxsize=256)
def _work(haar: Haar) -> tuple[int, float]:
    """How many matrices there are, and about how long one thread takes for each."""
    parts = 4 if haar.is_complex else 1
    operations = (2.0 * haar.long - 2.0 / 3.0 * haar.short) * haar.short**2
    return math.prod(haar.batch), 1e-6 + parts * operations / RATE


def _batch(haar: Haar) -> tuple[int, list[tuple[int, int]]]:
    """The position of the first normal, and the length and step in the stream of each axis."""
    places = haar.places
    base, step = 0, haar.short * haar.long
    axes = []
    for length, start, stride, count in zip(
        reversed(places.global_shape),
        reversed(places.starts),
        reversed(places.steps),
        reversed(places.counts),
        strict=True,
    ):
        base += start * step
        axes.append((count, stride * step % LIMIT))
        step *= length
    return base % LIMIT, axes[::-1]


def _contiguous(shape: tuple[int, ...], itemsize: int) -> tuple[int, ...]:
    """The strides, in bytes, of an array whose elements lie one after the other."""
    steps = [itemsize]
    for length in shape[:0:-1]:
        steps.append(steps[-1] * length)
    return tuple(reversed(steps))


@functools.cache
def _functions() -> tuple[Callable[..., int], Callable[..., None], Callable[..., int]]:
    text, pointer, integer, unsigned = (
        ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_uint64,
    )  # fmt: skip
    loaded = library()
    many, steps_of, one = (
        loaded.agnostic_init_make_matrices,
        loaded.agnostic_init_matrix_steps,
        loaded.agnostic_init_make_matrix,
    )
    many.argtypes = (text, integer, unsigned, unsigned, ctypes.c_int32)
    steps_of.argtypes = (text, ctypes.POINTER(integer), ctypes.POINTER(integer))
    steps_of.restype = None
    one.argtypes = (text, unsigned, pointer, integer, integer, ctypes.c_int32)
    return many, steps_of, one


def _done(code: int) -> Any:
    if code:
        raise MemoryError
