"""Many arrays in few launches: the small ones that a kernel fills alike share one.

What a launch is told of its arrays are its arguments. So nothing is copied to the device, no buffer
has to outlive the call, and a CUDA graph that captures a launch keeps all that it needs.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from agnostic_init.bits.block import Block
from agnostic_init.bits.key import Key
from agnostic_init.draws.engines.cuda.parameters import Launch, Plan, launch_of, planned
from agnostic_init.draws.engines.cuda.source import OF_ARRAY, OF_DRAW, Variant
from agnostic_init.draws.quantile import Central
from agnostic_init.draws.record import Draw

__all__ = ["LARGEST", "launches", "most_words", "room"]

# Of a draw at a block, into an array with these strides in elements at an address.
Job = tuple[Draw, Key, Block, Sequence[int], int]

LARGEST = 1 << 22  # elements; an array with more keeps a GPU busy by itself

ARRAY = struct.Struct("=" + "".join("IQ"[words - 1] for words in OF_ARRAY.values()))
HEAD_BYTES = 16  # of the arguments before what is told of the arrays


def room(capability: tuple[int, int], *versions: tuple[int, int]) -> int:
    """Bytes of arguments that a launch takes, given the versions of compiler and driver.

    32764 and not 4096 with CUDA 12.1, from Volta on; of which a record takes a multiple of 8.
    """
    return 32760 if capability >= (7, 0) and min(versions) >= (12, 1) else 4096


def most_words(most: int) -> int:
    """Words of `most` bytes of arguments that tell of arrays, which a kernel of many is built for."""
    return (most - HEAD_BYTES) // 4


def launches(jobs: Sequence[Job], most: Callable[[], int]) -> list[Launch]:
    """Launches that fill all the arrays, in any order, with arguments of `most()` bytes at most.

    Arrays that overlap are filled one after another, as if each were filled by itself.
    """
    if len(jobs) == 1:
        ((draw, key, block, strides, address),) = jobs
        plan = planned(draw, block, strides)
        return [launch_of(plan, key, address)] if plan.units else []
    known: dict[Any, Plan] = {}  # by identity, which is told sooner than equality
    plans = []
    for draw, _, block, strides, _ in jobs:
        what = id(draw), id(block), tuple(strides)
        if what not in known:
            known[what] = planned(draw, block, strides)
        plans.append(known[what])
    if _overlap(jobs, plans):
        return [
            launch_of(plan, key, address)
            for (_, key, _, _, address), plan in zip(jobs, plans, strict=True)
            if plan.units
        ]
    alone: list[Launch] = []
    alike: dict[tuple[Variant, Central | None], list[tuple[Job, Plan]]] = {}
    for job, plan in zip(jobs, plans, strict=True):
        if plan.variant.bulk and 0 < plan.count <= LARGEST:
            alike.setdefault((plan.variant, plan.quantile), []).append((job, plan))
        elif plan.units:
            alone.append(launch_of(plan, job[1], job[4]))
    for (variant, quantile), group in alike.items():
        if len(group) == 1:
            ((_, key, _, _, address), plan) = group[0]
            alone.append(launch_of(plan, key, address))
        else:
            alone += _shared(variant, quantile, group, most())
    return alone


def _overlap(jobs: Sequence[Job], plans: Sequence[Plan]) -> bool:
    """Whether the memory from the first to the last byte of an array reaches into that of another."""
    spans = sorted(
        (address + plan.extent[0], address + plan.extent[1])
        for (*_, address), plan in zip(jobs, plans, strict=True)
        if plan.units
    )
    return any(after[0] < before[1] for before, after in itertools.pairwise(spans))


def _shared(
    variant: Variant, quantile: Central | None, group: Sequence[tuple[Job, Plan]], most: int
) -> list[Launch]:
    """As many arrays in each launch as its arguments have room for."""
    words = most_words(most)
    kernel = replace(variant, many=words)
    chunk = kernel.threads * kernel.at_once
    array_words, draw_words = sum(OF_ARRAY.values()), sum(OF_DRAW.values())
    made: list[Launch] = []
    rows: list[tuple[int, ...]] = []
    draws: dict[bytes, int] = {}
    chunks = 0

    def close() -> None:
        first = len(rows) * array_words  # of the words of the draws
        told = [struct.pack("=2I", len(rows), chunks)]
        told += [ARRAY.pack(*row, first + draw * draw_words) for *row, draw in rows]
        given = b"".join((*told, *draws)).ljust(most - 8, b"\0")
        made.append(Launch(kernel, given, chunks * kernel.threads, quantile))

    for (_, key, _, _, address), plan in group:
        taken = (len(rows) + 1) * array_words + (len(draws) + (plan.draw not in draws)) * draw_words
        if taken > words:
            close()
            rows, draws, chunks = [], {}, 0
        draw = draws.setdefault(plan.draw, len(draws))
        rows.append((address, key.seed, key.offset, plan.base, plan.count, chunks, draw))
        chunks += -(-plan.units // chunk)
    close()
    return made
