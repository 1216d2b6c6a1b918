"""A launch that many arrays share: as many as its arguments have room for.

What a launch is told of its arrays are its arguments. So nothing is copied to the device, no buffer
has to outlive the call, and a CUDA graph that captures a launch keeps all that it needs.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from agnostic_init.draws.engines.cuda.parameters import Launch
from agnostic_init.draws.engines.cuda.source import OF_ARRAY, OF_DRAW, Variant
from agnostic_init.draws.record import Central

__all__ = ["LARGEST", "ROW", "most_words", "room", "shared"]

LARGEST = 1 << 22  # elements; an array with more keeps a GPU busy by itself

ROW = np.dtype([(name, f"u{4 * words}") for name, words in OF_ARRAY.items()])
ARRAY_WORDS, DRAW_WORDS = sum(OF_ARRAY.values()), sum(OF_DRAW.values())
HEAD_BYTES = 16  # of the arguments before what is told of the arrays


def room(capability: tuple[int, int], *versions: tuple[int, int]) -> int:
    """Bytes of arguments that a launch takes, given the versions of compiler and driver.

    32764 and not 4096 with CUDA 12.1, from Volta on; of which a record takes a multiple of 8.
    """
    return 32760 if capability >= (7, 0) and min(versions) >= (12, 1) else 4096


def most_words(most: int) -> int:
    """Words of `most` bytes of arguments that tell of arrays, which a kernel of many is built for."""
    return (most - HEAD_BYTES) // 4


def shared(
    variant: Variant,
    quantile: Central | None,
    most: int,
    draws: Sequence[bytes],
    rows: Any,
    units: Any,
) -> list[Launch]:
    """Launches of one kernel with arguments of `most` bytes.

    Parameters
    ----------
    variant, quantile
        The kernel of one such array, and of which it reads a table.
    most
        Bytes of arguments.
    draws
        What the kernel is told of each draw.
    rows
        Of each array, as `ROW`: `DRAW` is the number of its draw, and `FIRST` nothing yet.
    units
        Of each array, the units of work, at least one.
    """
    words = most_words(most)
    kernel = replace(variant, many=words)
    chunks = -(-units // (kernel.threads * kernel.at_once))
    made = []
    start = 0
    while start < len(rows):
        some = rows["DRAW"][start : start + words // ARRAY_WORDS]
        known, first = np.unique(some, return_index=True)
        told_first = np.zeros(len(some), np.int64)
        told_first[first] = 1
        taken = ARRAY_WORDS * np.arange(1, len(some) + 1) + DRAW_WORDS * np.cumsum(told_first)
        count = int(np.searchsorted(taken, words, side="right"))
        known = known[first < count]
        part = rows[start : start + count].copy()
        ends = np.cumsum(chunks[start : start + count])
        part["FIRST"] = ends - chunks[start : start + count]
        place = np.searchsorted(known, part["DRAW"])
        part["DRAW"] = count * ARRAY_WORDS + place * DRAW_WORDS
        head = struct.pack("=2I", count, int(ends[-1]))
        given = b"".join((head, part.tobytes(), *(draws[n] for n in known.tolist())))
        given = given.ljust(most - 8, b"\0")
        made.append(Launch(kernel, given, int(ends[-1]) * kernel.threads, quantile))
        start += count
    return made
