"""CuPy: the fused kernels, or the reference in CuPy's operations for what these do not make."""

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
    with target.library.on(target.device):
        out = target.library.xp.empty(
            block.shape, dtype=target.library.dtype(draw.dtype), device=target.device
        )
    fill(draw, key, block, out, target.library)
    return out


def fill(draw: Draw, key: Key, block: Block, out: Any, library: Any) -> None:
    """Write into an array."""
    from agnostic_init.draws.engines.cuda import cupy as cuda

    if cuda.supports(draw):
        cuda.fill(draw, key, block, out)
        return
    with out.device:
        generic.fill(draw, key, block, out, library)
