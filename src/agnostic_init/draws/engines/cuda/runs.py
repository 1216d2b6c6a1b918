"""Whole arrays, contiguous, thousands at once: what `many` says of each, said of all by NumPy.

A model has as many weights as a host can launch kernels in the time of a fill, so that each must
cost next to nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from agnostic_init.bits.block import block
from agnostic_init.bits.key import Key
from agnostic_init.draws.engines.cuda.many import LARGEST, most_words
from agnostic_init.draws.engines.cuda.parameters import Launch, Plan, launch_of, planned
from agnostic_init.draws.engines.cuda.source import OF_ARRAY, OF_DRAW, Variant
from agnostic_init.draws.quantile import Central
from agnostic_init.draws.record import Draw

__all__ = ["launches"]

ROW = np.dtype([(name, f"u{4 * words}") for name, words in OF_ARRAY.items()])
ARRAY_WORDS, DRAW_WORDS = sum(OF_ARRAY.values()), sum(OF_DRAW.values())


def launches(
    draws: Sequence[Draw],
    sizes: Sequence[int],
    which: Any,
    addresses: Any,
    keys: Any,
    most: Callable[[], int],
) -> list[Launch]:
    """Launches that fill arrays which do not overlap, with arguments of `most()` bytes at most.

    Parameters
    ----------
    draws, sizes
        Of each kind of array, and how many elements it has, at least one.
    which, addresses, keys
        Of each array: the number of its kind, where it is, and seed and offset; arrays of NumPy's.
    """
    plans = [planned(draw, block((size,)), (1,)) for draw, size in zip(draws, sizes, strict=True)]
    made: list[Launch] = []
    alike: dict[tuple[Variant, Central | None], list[int]] = {}
    for kind, plan in enumerate(plans):
        if plan.count <= LARGEST:
            alike.setdefault((plan.variant, plan.quantile), []).append(kind)
        else:
            those = np.flatnonzero(which == kind).tolist()
            made += [_alone(plan, addresses[n], keys[n]) for n in those]
    for (variant, quantile), kinds in alike.items():
        chosen = np.flatnonzero(np.isin(which, kinds))
        if len(chosen) == 1:
            n = chosen[0]
            made.append(_alone(plans[which[n]], addresses[n], keys[n]))
            continue
        kernel = replace(variant, many=most_words(most()))
        # A launch tells of so many kinds that there is room for arrays.
        few = max(1, kernel.many // (4 * DRAW_WORDS))
        for start in range(0, len(kinds), few):
            some = kinds[start : start + few]
            of_some = chosen[np.isin(which[chosen], some)]
            each = np.searchsorted(some, which[of_some])
            made += _shared(
                kernel,
                quantile,
                [plans[kind] for kind in some],
                each,
                addresses[of_some],
                keys[of_some],
            )
    return made


def _alone(plan: Plan, address: Any, key: Any) -> Launch:
    return launch_of(plan, Key(int(key[0]), int(key[1])), int(address))


def _shared(
    kernel: Variant,
    quantile: Central | None,
    plans: list[Plan],
    which: Any,
    addresses: Any,
    keys: Any,
) -> list[Launch]:
    """As many arrays in each launch as its arguments have room for."""
    draws = dict.fromkeys(plan.draw for plan in plans)
    number = {draw: n for n, draw in enumerate(draws)}
    of_draw = np.array([number[plan.draw] for plan in plans])[which]
    tile = kernel.threads * kernel.at_once
    chunks = np.array([-(-plan.units // tile) for plan in plans])[which]
    counts = np.array([plan.count for plan in plans])[which]
    room = (kernel.many - DRAW_WORDS * len(draws)) // ARRAY_WORDS
    made = []
    for start in range(0, len(which), room):
        part = slice(start, start + room)
        rows = np.zeros(len(which[part]), ROW)
        rows["ADDRESS"], rows["SEED"], rows["OFFSET"] = (
            addresses[part],
            keys[part, 0],
            keys[part, 1],
        )
        rows["COUNT"] = counts[part]
        ends = np.cumsum(chunks[part])
        rows["FIRST"][1:] = ends[:-1]
        rows["DRAW"] = len(rows) * ARRAY_WORDS + of_draw[part] * DRAW_WORDS
        total = int(ends[-1])
        told = b"".join((struct.pack("=2I", len(rows), total), rows.tobytes(), *draws))
        given = told.ljust(8 + 4 * kernel.many, b"\0")
        made.append(Launch(kernel, given, total * kernel.threads, quantile))
    return made
