"""Which arrays share memory: those that have an element in common, and no neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from agnostic_init.arrays.memory import Memory
from agnostic_init.arrays.target import library_of

__all__ = ["shared"]

MOST_WORK = 1_000_000  # of the exact answer, which for odd strides takes very long


def shared(arrays: Mapping[str, Any]) -> tuple[str, str] | None:
    """The names of two arrays that share memory, or None.

    An array whose memory is not known, or that has none, shares with itself alone.

    Examples
    --------
    >>> table = np.zeros((2, 3))
    >>> shared({"a": table[:, 0], "b": table[:, 1]})
    >>> shared({"a": table[:, 0], "b": table[1]})
    ('a', 'b')
    """
    known: dict[str, Memory] = {}
    unknown: dict[int, str] = {}
    for name, array in arrays.items():
        memory = library_of(array).memory(array)
        if 0 in (array.shape if memory is None else memory.shape):
            continue
        if memory is not None:
            known[name] = memory
        elif id(array) in unknown:
            return unknown[id(array)], name
        else:
            unknown[id(array)] = name
    return _overlapping(known)


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
