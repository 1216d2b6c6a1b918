"""Which arrays share memory: those that have an element in common, and no neighbours."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from agnostic_init.arrays.library import Library
from agnostic_init.arrays.memory import Memory

__all__ = ["shared"]

MOST_WORK = 1_000_000  # of the exact answer, which for odd strides takes very long


def shared(
    names: Sequence[str],
    arrays: Sequence[Any],
    libraries: Sequence[Library],
    memories: Sequence[Memory | None],
) -> tuple[str, str] | None:
    """The names of two arrays that share memory, or None; `memories` are their `host_memory`.

    An array whose memory is not known, or that has none, shares with itself alone.
    """
    if _apart(memories):
        return None
    known: dict[str, Memory] = {}
    unknown: dict[int, str] = {}
    for name, array, library, on_host in zip(names, arrays, libraries, memories, strict=True):
        memory = library.memory(array) if on_host is None else on_host
        if 0 in (array.shape if memory is None else memory.shape):
            continue
        if memory is not None:
            known[name] = memory
        elif id(array) in unknown:
            return unknown[id(array)], name
        else:
            unknown[id(array)] = name
    return _overlapping(known)


def _apart(memories: Sequence[Memory | None]) -> bool:
    """Whether all are runs of the host's memory that do not touch, as nearly always."""
    spans = []
    for memory in memories:
        if memory is None:
            return False
        _, start, shape, strides, itemsize = memory
        if strides is not None:
            return False
        spans.append((start, start + math.prod(shape) * itemsize))
    spans.sort()
    return all(one[1] <= other[0] for one, other in itertools.pairwise(spans))


def _overlapping(memories: dict[str, Memory]) -> tuple[str, str] | None:
    """From the lowest address up, each is compared with those that reach it."""
    order = list(memories)
    reaching: list[tuple[str, int, str]] = []
    for name in sorted(order, key=lambda name: (memories[name].device, memories[name].bounds)):
        memory = memories[name]
        start, stop = memory.bounds
        reaching = [each for each in reaching if each[0] == memory.device and each[1] > start]
        for *_, other in reaching:
            if _have_common(memories[other], memory):
                first, second = sorted((other, name), key=order.index)
                return first, second
        reaching.append((memory.device, stop, name))
    return None


def _have_common(one: Memory, other: Memory) -> bool:
    """Whether two arrays have a byte in common; also where that takes too long to find out."""
    try:
        work: Any = MOST_WORK  # which NumPy's own types do not have
        return np.shares_memory(_seen(one), _seen(other), max_work=work)
    except np.exceptions.TooHardError:
        return True


def _seen(memory: Memory) -> Any:
    return memory.seen_by_numpy(f"V{memory.itemsize}")
