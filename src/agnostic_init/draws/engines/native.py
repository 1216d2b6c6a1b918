"""The compiled library: draws and blocks as the records that it reads, and its calls."""

from __future__ import annotations

import ctypes
import functools
import math
import os
import struct
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from agnostic_init.arrays.dtypes import DTYPES, Dtype
from agnostic_init.arrays.errors import must
from agnostic_init.arrays.values import Record
from agnostic_init.bits.key import Key
from agnostic_init.draws.record import Central, Draw
from agnostic_init.native.library import library

if TYPE_CHECKING:
    from agnostic_init.bits.block import Block

__all__ = [
    "Job",
    "available",
    "fill_jobs",
    "fill_named",
    "fill_whole",
    "job",
    "job_at",
    "keys_of",
    "number_of_threads",
    "packed",
    "packed_constant",
    "supports",
]

THREADS_VARIABLE = "AGNOSTIC_INIT_NUM_THREADS"
WORTH_THREADS = 1 << 16  # elements; about 0.2 ms of work
SLICE = 0.05  # seconds of work, after which Python looks for an interrupt
FIRST_SLICE = 1 << 17  # elements, before it is known how long one takes
LEAST_SLICE = 1 << 14
GROWTH = 32  # of a slice over the one before
MOST_THREADS = 256  # which the library starts
LIMIT = 1 << 64
new_record = tuple.__new__  # which a record's own constructor calls

# The numbers of native.h.
KINDS = {"bits": 0, "uniform": 1, "disk": 4, "modulus": 5}
CENTRAL, TAIL, CONSTANT = 2, 3, 6
CONSTANTS = ("float32", "float64", "float16", "bfloat16")
STORES = ("float32", "float64", "float16", "bfloat16", "float8", "uint32", "int64")
DRAW = struct.Struct("=8i9d")
JOB = struct.Struct("=7Q")  # and the draw
AXIS = struct.Struct("=qQq")


class Job(Record):
    """A block of a draw in memory, as the library reads it.

    Attributes
    ----------
    packed
        The record.
    size
        How many elements it has.
    kept
        What the record points to, but for the memory.
    """

    packed: bytes
    size: int
    kept: Any


def available() -> bool:
    """Whether there is a library."""
    return library() is not None


def supports(draw: Draw) -> bool:
    """Whether the library makes draws of this dtype."""
    return draw.format.store != ""


def job(draw: Draw, key: Key, block: Block, view: Any) -> Job:
    """What writes the draw's elements at a block of positions into host memory.

    Parameters
    ----------
    draw, key
        What is drawn; one that `supports` says yes to.
    block
        The positions; `view` has its shape.
    view
        A writable NumPy array of any strides, of the draw's dtype or, where NumPy has it not, of
        unsigned integers of its size. It has to live until the job is done.
    """
    address = view.__array_interface__["data"][0]
    return job_at(draw, key, block, address, None if view.flags.c_contiguous else view.strides)


def job_at(
    draw: Draw, key: Key, block: Block, address: int, strides: tuple[int, ...] | None = None
) -> Job:
    """The same of memory at an address, with strides in bytes unless it is contiguous."""
    record, itemsize = packed(draw)
    base, size, axes = _places(block, strides, itemsize)
    data = ctypes.create_string_buffer(axes, len(axes)) if axes else None
    at = ctypes.addressof(data) if data else 0
    head = JOB.pack(address, key.seed, key.offset, base, size, at, len(axes) // AXIS.size)
    return new_record(Job, (head + record, size, data))


def fill_jobs(jobs: Sequence[Job]) -> None:
    """Do all of the jobs; threads share the elements, not the jobs.

    Python looks for an interrupt every 50 milliseconds or so.
    """
    if len(jobs) == 1:
        records, total, _ = jobs[0]
    else:
        records, total = b"".join([one.packed for one in jobs]), sum([one.size for one in jobs])
    _do(records, len(jobs), total)


def fill_whole(record: bytes, size: int, key: Key, address: int) -> None:
    """Fill a whole array, contiguous, with what a record of `packed` says."""
    head = JOB.pack(address, key.seed, key.offset, 0, size, 0, 0)
    _do(head + record, 1, size)


def fill_named(
    records: Sequence[bytes],
    sizes: Sequence[int],
    which: Any,
    addresses: Any,
    names: Sequence[str],
    key: Key,
) -> None:
    """Fill whole arrays, contiguous, each by the key that its name folds to.

    Parameters
    ----------
    records, sizes
        Of each kind of array: what is written, as of `packed`, and how many elements it has.
    which, addresses, names
        Of each array: the number of its kind and where it is, in arrays of NumPy's, and its name.
    key
        That the names are folded into.
    """
    count = len(names)
    jobs = np.zeros((count, (JOB.size + DRAW.size) // 8), np.uint64)
    jobs[:, JOB.size // 8 :] = np.frombuffer(b"".join(records), np.uint64).reshape(
        len(records), -1
    )[which]
    jobs[:, 0] = addresses
    jobs[:, 4] = np.array(sizes, np.uint64)[which]
    at = jobs.__array_interface__["data"][0]
    _fold_names(names, key, at + 8, len(jobs[0]))
    _do(at, count, int(jobs[:, 4].sum()))


def keys_of(names: Sequence[str], key: Key) -> Any:
    """Seeds and offsets of the keys that names fold to: uint64 of shape (len(names), 2)."""
    keys = np.empty((len(names), 2), np.uint64)
    _fold_names(names, key, keys.__array_interface__["data"][0], 2)
    return keys


def _fold_names(names: Sequence[str], key: Key, address: int, step: int) -> None:
    """Write the two words of each name's key at an address, `step` words apart."""
    text = "".join(names)
    lengths = map(len, names if text.isascii() else map(str.encode, names))
    count = len(names)
    within = (ctypes.c_int64 * count)(*lengths)
    _fold()(key.seed, key.offset, text.encode(), within, count, address, step)


def _do(records: bytes | int, count: int, total: int) -> None:
    fill = _fill()
    if total < WORTH_THREADS:
        if fill(records, count, 0, total, 1):
            raise MemoryError
        return
    threads = number_of_threads()
    start, part = 0, FIRST_SLICE
    while start < total:
        stop = min(total, start + part)
        began = time.perf_counter()
        if fill(records, count, start, stop, threads):
            raise MemoryError
        # In memory that is new or far apart, an element can take a thousand times as long.
        growth = min(GROWTH, SLICE / max(time.perf_counter() - began, 1e-6))
        part = max(LEAST_SLICE, int((stop - start) * growth))
        start = stop


def number_of_threads() -> int:
    """Threads that large draws use: `AGNOSTIC_INIT_NUM_THREADS`, or the cores at hand; at most 256."""
    text = os.environ.get(THREADS_VARIABLE)
    if not text:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        return min(cores or 1, MOST_THREADS)
    digits = text.lstrip("0") if text.isascii() and text.isdecimal() else ""
    if not digits:
        raise must(THREADS_VARIABLE, "must be a positive integer", text)
    return min(int(digits[:9]), MOST_THREADS)


@functools.cache
def _fill() -> Any:
    function = library().agnostic_init_fill
    function.argtypes = (
        ctypes.c_void_p, ctypes.c_int64, ctypes.c_uint64, ctypes.c_uint64, ctypes.c_int32,
    )  # fmt: skip
    function.restype = ctypes.c_int32
    return function


@functools.cache
def _fold() -> Any:
    function = library().agnostic_init_fold
    function.argtypes = (
        ctypes.c_uint64, ctypes.c_uint64, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int64,
        ctypes.c_void_p, ctypes.c_int64,
    )  # fmt: skip
    function.restype = None
    return function


@functools.lru_cache(maxsize=1024)
def packed(draw: Draw) -> tuple[bytes, int]:
    """The draw's record, and the bytes of an element."""
    if draw.quantile is not None:
        kind = CENTRAL if isinstance(draw.quantile, Central) else TAIL
        numbers = tuple(draw.quantile)
    else:
        kind, numbers = KINDS[draw.kind], (*draw.radii, 0.0, 0.0)
    form = draw.format
    eight = _eight_bits(form) if form.store == "float8" else (0, 0, 0, 0)
    packed = DRAW.pack(
        kind, STORES.index(form.store), form.parts, *eight, 0,
        draw.scale, draw.shift, draw.shift_imag, draw.low, draw.high, *numbers,
    )  # fmt: skip
    return packed, form.itemsize


def packed_constant(number: float, dtype: str) -> tuple[bytes, int] | None:
    """The same of a real number in whole arrays; None of what the library does not write."""
    form = DTYPES[dtype]
    if form.store not in CONSTANTS or form.is_complex or not math.isfinite(number):
        return None
    if number == 0.0 and math.copysign(1.0, number) < 0.0:  # the sum with a zero has none
        return None
    packed = DRAW.pack(
        CONSTANT, STORES.index(form.store), 1, 0, 0, 0, 0, 0,
        1.0, number, 0.0, -math.inf, math.inf, 0.0, 0.0, 0.0, 0.0,
    )  # fmt: skip
    return packed, form.itemsize


def _eight_bits(form: Dtype) -> tuple[int, int, int, int]:
    """Stored bits of the mantissa, the least exponent, the last finite code, and if there is -0."""
    mantissa = form.precision - 1
    exponent = math.frexp(form.max)[1] - 1
    fraction = int(form.max / 2.0 ** (exponent - mantissa)) - (1 << mantissa)
    last = (exponent - form.min_exponent + 1 << mantissa) + fraction
    return mantissa, form.min_exponent, last, form.has_negative_zero


@functools.lru_cache(maxsize=1024)
def _places(block: Block, strides: tuple[int, ...] | None, itemsize: int) -> tuple[int, int, bytes]:
    """The first position, how many there are, and the axes' records: none of what is contiguous."""
    if strides is None and block.whole:
        return 0, block.size, b""
    if strides is None:
        places, step = [], itemsize
        for count in reversed(block.shape):
            places.append(step)
            step *= count
        places.reverse()
    else:
        places = list(strides)
    base, step = 0, 1
    axes: list[tuple[int, int, int]] = []  # the last axis first
    for length, start, stride, count, dropped in zip(
        reversed(block.global_shape),
        reversed(block.starts),
        reversed(block.steps),
        reversed(block.counts),
        reversed(block.dropped),
        strict=True,
    ):
        base += start * step
        place = 0 if dropped else places.pop()
        if count != 1:
            axis = (count, stride * step, place)
            if axes and tuple(axes[-1][0] * n for n in axes[-1][1:]) == axis[1:]:
                axis = (axes[-1][0] * count, *axes.pop()[1:])
            axes.append(axis)
        step *= length
    if not axes or axes == [(block.size, 1, itemsize)]:
        return base % LIMIT, block.size, b""
    return (
        base % LIMIT,
        block.size,
        b"".join(
            [AXIS.pack(count, position % LIMIT, place) for count, position, place in reversed(axes)]
        ),
    )
