"""Many arrays in few launches: the small ones that a kernel fills alike share one."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from agnostic_init.bits.block import Block
from agnostic_init.bits.key import Key
from agnostic_init.draws.engines.cuda.parameters import Launch, Plan, launch_of, planned
from agnostic_init.draws.engines.cuda.shared import LARGEST, ROW, shared
from agnostic_init.draws.engines.cuda.source import Variant
from agnostic_init.draws.record import Central, Draw

__all__ = ["launches"]

# Of a draw at a block, into an array with these strides in elements at an address.
Job = tuple[Draw, Key, Block, Sequence[int], int]


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
            alone += shared(variant, quantile, most(), *_rows(group))
    return alone


def _overlap(jobs: Sequence[Job], plans: Sequence[Plan]) -> bool:
    """Whether the memory from the first to the last byte of an array reaches into that of another."""
    spans = sorted(
        (address + plan.extent[0], address + plan.extent[1])
        for (*_, address), plan in zip(jobs, plans, strict=True)
        if plan.units
    )
    return any(after[0] < before[1] for before, after in itertools.pairwise(spans))


def _rows(group: Sequence[tuple[Job, Plan]]) -> tuple[list[bytes], Any, Any]:
    """The draws of a group, and of each array what a launch is told and the units of work."""
    draws: dict[bytes, int] = {}
    rows = [
        (
            address,
            key.seed,
            key.offset,
            plan.base,
            plan.count,
            0,
            draws.setdefault(plan.draw, len(draws)),
        )
        for (_, key, _, _, address), plan in group
    ]
    return [*draws], np.array(rows, ROW), np.array([plan.units for _, plan in group])
