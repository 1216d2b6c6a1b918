"""CuPy: the reference in CuPy's operations on the array's own device."""

from __future__ import annotations

from typing import Any

from agnostic_init.arrays.target import Target
from agnostic_init.bits.block import Block
from agnostic_init.bits.key import Key
from agnostic_init.draws.engines import generic
from agnostic_init.draws.record import Draw

__all__ = ["fill", "make"]


def make(draw: Draw, key: Key, block: Block, target: Target) -> Any:
    """A new array on the target's device."""
    out = target.library.xp.empty(
        block.shape, dtype=target.library.dtype(draw.dtype), device=target.device
    )
    fill(draw, key, block, out, target.library)
    return out


def fill(draw: Draw, key: Key, block: Block, out: Any, library: Any) -> None:
    """Write into an array."""
    with out.device:
        generic.fill(draw, key, block, out, library)
