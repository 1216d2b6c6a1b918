"""Filling host memory: which kernel, how many threads, and memory that is not contiguous."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from agnostic_init.arrays.errors import must
from agnostic_init.bits.block import Block, Positions
from agnostic_init.bits.key import Key
from agnostic_init.draws.engines import compiled, numpy
from agnostic_init.draws.record import Draw

__all__ = ["fill", "number_of_threads"]

Kernel = Callable[[Draw, Key, Positions, Any, int, int], None]

THREADS_VARIABLE = "AGNOSTIC_INIT_NUM_THREADS"
WORTH_A_THREAD = 1 << 17  # elements; about half a millisecond of work
MOST_WITH_NUMPY = 4  # threads; more only wait for each other's interpreter lock
LARGEST_PART = 1 << 20  # elements that a thread is given at once
SLAB = 1 << 18


def fill(draw: Draw, key: Key, block: Block, out: Any) -> None:
    """Write the draw's elements at a block of positions into host memory.

    Parameters
    ----------
    draw, key
        What is drawn.
    block
        The positions; `out` has its shape.
    out
        A writable NumPy array of any strides, of the draw's dtype or, where NumPy has it not, of
        unsigned integers of its size.
    """
    if not block.size:
        return
    if out.flags.c_contiguous:
        _fill_contiguous(draw, key, block.positions(), out.reshape(-1))
        return
    for part in _slabs(out.shape):
        inner = block.part(part)
        target = out[part]
        buffer = np.empty(target.shape, out.dtype)
        _fill_contiguous(draw, key, inner.positions(), buffer.reshape(-1))
        target[...] = buffer


def number_of_threads() -> int:
    """Threads that large draws use: `AGNOSTIC_INIT_NUM_THREADS`, or the cores at hand."""
    text = os.environ.get(THREADS_VARIABLE)
    if text is None:
        if hasattr(os, "sched_getaffinity"):
            return len(os.sched_getaffinity(0))
        return os.cpu_count() or 1
    if not text.isdecimal() or int(text) < 1:
        raise must(THREADS_VARIABLE, "must be a positive integer", text)
    return int(text)


def _fill_contiguous(draw: Draw, key: Key, positions: Positions, out: Any) -> None:
    size = out.size
    kernel: Kernel = compiled.kernel(draw, size) or numpy.fill
    threads = size // WORTH_A_THREAD
    if threads > 1:
        most = MOST_WITH_NUMPY if kernel is numpy.fill else threads
        threads = min(threads, most, number_of_threads())
    if threads < 2:
        kernel(draw, key, positions, out, 0, size)
        return
    part = max(WORTH_A_THREAD, min(LARGEST_PART, -(-size // (2 * threads))))
    starts = range(0, size, part)
    try:
        _in_threads(
            threads,
            lambda start: kernel(draw, key, positions, out, start, min(start + part, size)),
            starts,
        )
    except _NoThreadsError:
        kernel(draw, key, positions, out, 0, size)


class _NoThreadsError(RuntimeError):
    """No thread can be started, as when the interpreter is ending."""


def _in_threads(threads: int, work: Callable[[int], None], starts: range) -> None:
    """Do the work of every start; an error or an interrupt ends it as soon as it is seen."""
    try:
        from concurrent.futures import ThreadPoolExecutor

        # It lives for one call, so that no thread outlives a fork; that costs 0.1 ms.
        pool = ThreadPoolExecutor(threads)
    except RuntimeError as error:
        raise _NoThreadsError from error
    try:
        try:
            tasks = [pool.submit(work, start) for start in starts]
        except RuntimeError as error:
            raise _NoThreadsError from error
        for task in tasks:
            task.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _slabs(shape: tuple[int, ...]) -> Any:
    """Indices of parts that are whole in their last axes and have about `SLAB` elements each."""
    axis = len(shape)
    inner = 1
    while axis and inner * shape[axis - 1] <= SLAB:
        axis -= 1
        inner *= shape[axis]
    if axis == 0:
        yield (slice(None),) * len(shape)
        return
    axis -= 1
    rows = max(1, SLAB // inner)
    rest = (slice(None),) * (len(shape) - axis - 1)
    for outer in np.ndindex(*shape[:axis]):
        lead = tuple(slice(i, i + 1) for i in outer)
        for start in range(0, shape[axis], rows):
            yield (*lead, slice(start, start + rows), *rest)
