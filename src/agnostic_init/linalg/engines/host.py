"""Matrices in host memory: by the compiled library, or by NumPy where there is none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agnostic_init.arrays.dtypes import format_of
from agnostic_init.arrays.memory import Memory, empty
from agnostic_init.bits.key import Key
from agnostic_init.draws.engines.host import in_use
from agnostic_init.linalg.engines import native
from agnostic_init.linalg.haar import Haar

__all__ = ["fill", "new", "together"]


def new(haar: Haar, keys: Sequence[Key], alignment: int = 1) -> list[Any]:
    """Matrices of every key, in new NumPy arrays of the dtype's storage."""
    storage = format_of(haar.dtype).storage
    outs = [empty(haar.shape, storage, alignment) for _ in keys]
    fill(haar, keys, [Memory.of_numpy(out) for out in outs])
    return outs


def fill(haar: Haar, keys: Sequence[Key], memories: Sequence[Memory]) -> None:
    """Write the matrices of every key into memory of any strides."""
    if not haar.size:
        return
    if in_use():
        native.fill(haar, keys, memories)
        return
    from agnostic_init.linalg.engines import numpy

    for key, memory in zip(keys, memories, strict=True):
        numpy.fill(haar, key, memory.seen_by_numpy(format_of(haar.dtype).storage))


def together(haar: Haar) -> int:
    """How many keys are worth a call: NumPy makes the matrices of one after another."""
    return native.together(haar) if in_use() else 1
