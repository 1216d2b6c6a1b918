"""Whole arrays, contiguous, thousands at once: what `many` says of each, said of all by NumPy.

A model has as many weights as a host can launch kernels in the time of a fill, so that each must
cost next to nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from agnostic_init.bits.block import block
from agnostic_init.bits.key import Key
from agnostic_init.draws.engines.cuda.parameters import Launch, Plan, launch_of, planned
from agnostic_init.draws.engines.cuda.shared import LARGEST, ROW, shared
from agnostic_init.draws.engines.cuda.source import Variant
from agnostic_init.draws.record import Central, Draw

__all__ = ["launches"]


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
        some = [plans[kind] for kind in kinds]
        number = {draw: n for n, draw in enumerate(dict.fromkeys(plan.draw for plan in some))}
        each = np.searchsorted(kinds, which[chosen])
        rows = np.zeros(len(chosen), ROW)
        rows["ADDRESS"] = addresses[chosen]
        rows["SEED"], rows["OFFSET"] = keys[chosen].T
        rows["COUNT"] = np.array([plan.count for plan in some])[each]
        rows["DRAW"] = np.array([number[plan.draw] for plan in some])[each]
        units = np.array([plan.units for plan in some])[each]
        made += shared(variant, quantile, most(), [*number], rows, units)
    return made


def _alone(plan: Plan, address: Any, key: Any) -> Launch:
    return launch_of(plan, Key(int(key[0]), int(key[1])), int(address))
