"""Filling host memory: which kernel, how many threads, and memory that is not contiguous."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from agnostic_init.arrays.memory import Memory, empty
from agnostic_init.bits.block import Block, Positions, pieces
from agnostic_init.bits.key import Key
from agnostic_init.draws.distributions import bits_draw
from agnostic_init.draws.engines import native
from agnostic_init.draws.record import Draw
from agnostic_init.native.library import library

__all__ = ["Job", "fill", "fill_by_numpy", "fill_many", "in_use", "keys_along", "new"]

Job = tuple[Draw, Key, Block, Memory]

WORTH_A_THREAD = 1 << 17  # elements; about a millisecond of work
MOST_WITH_NUMPY = 4  # threads; more only wait for each other's interpreter lock
LARGEST_PART = 1 << 20  # elements that a thread is given at once
SLAB = 1 << 18
FEW = 4  # keys, which are not worth a draw


def new(draw: Draw, key: Key, block: Block, alignment: int = 1) -> Any:
    """The draw's elements at a block of positions, in a new NumPy array of the dtype's storage."""
    out = empty(block.shape, draw.format.storage, alignment)
    fill(draw, key, block, Memory.of_numpy(out))
    return out


def fill(draw: Draw, key: Key, block: Block, memory: Memory) -> None:
    """Write the draw's elements at a block of positions into host memory of the block's shape."""
    if in_use():
        native.fill_jobs([native.job_at(draw, key, block, memory.address, memory.strides)])
    elif block.size:
        fill_by_numpy(draw, key, block, memory)


def fill_many(jobs: Sequence[Job]) -> None:
    """The same for many draws at once, which share the threads."""
    if in_use():
        native.fill_jobs(
            [
                native.job_at(draw, key, block, memory.address, memory.strides)
                for draw, key, block, memory in jobs
            ]
        )
    else:
        for job in jobs:
            fill(*job)


def keys_along(key: Key, places: range) -> list[Key]:
    """``[key.fold_in(place) for place in places]``, by one draw of the words that they are."""
    count = len(places)
    few = count < FEW or max(places[0], places[-1]) >= 1 << 62
    if few or not key.known or not in_use():
        return key.fold_in_all(places)
    words = np.empty((count, 4), np.uint32)
    part = Block((1 << 62, 4), (places[0], 0), (places.step, 1), (count, 4), (False, False))
    fill(bits_draw("uint32"), key, part, Memory.of_numpy(words))
    pairs = words.astype("<u4", copy=False).view("<u8").tolist()
    return [Key(seed, offset) for seed, offset in pairs]


def in_use() -> bool:
    """Whether the compiled library serves, and not NumPy."""
    return library() is not None


def fill_by_numpy(draw: Draw, key: Key, block: Block, memory: Memory) -> None:
    """As `fill`, without the compiled library."""
    out = memory.seen_by_numpy(draw.format.storage)
    if out.flags.c_contiguous:
        _fill_contiguous(draw, key, block.positions(), out.reshape(-1))
        return
    for index in pieces(out.shape, SLAB):
        part, target = block.part(index), out[index]
        buffer = np.empty(target.shape, out.dtype)
        _fill_contiguous(draw, key, part.positions(), buffer.reshape(-1))
        target[...] = buffer


def _fill_contiguous(draw: Draw, key: Key, positions: Positions, out: Any) -> None:
    from agnostic_init.draws.engines import numpy

    size = out.size
    threads = size // WORTH_A_THREAD
    if threads > 1:
        threads = min(threads, MOST_WITH_NUMPY, native.number_of_threads())
    if threads < 2:
        numpy.fill(draw, key, positions, out, 0, size)
        return
    part = max(WORTH_A_THREAD, min(LARGEST_PART, -(-size // (2 * threads))))

    def work(start: int) -> None:
        numpy.fill(draw, key, positions, out, start, min(start + part, size))

    try:
        _in_threads(threads, work, range(0, size, part))
    except _NoThreadsError:
        numpy.fill(draw, key, positions, out, 0, size)


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
