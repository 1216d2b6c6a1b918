"""torch: host memory where that is what a tensor has; CUDA kernels; torch operations elsewhere."""

from __future__ import annotations

from typing import Any

import torch

from agnostic_init.arrays.target import Target
from agnostic_init.bits.block import Block
from agnostic_init.bits.key import Key
from agnostic_init.draws.engines import generic, host
from agnostic_init.draws.record import Draw

__all__ = ["fill", "make"]

WITHOUT_FLOAT64 = ("mps",)


def make(draw: Draw, key: Key, block: Block, target: Target) -> Any:
    """A new tensor; of the meta device, one without values."""
    out = torch.empty(block.shape, dtype=target.library.dtype(target.dtype), device=target.device)
    view = target.library.host_view(out)
    if view is not None:
        host.fill(draw, key, block, view)
    else:
        fill(draw, key, block, out, target.library)
    return out


def fill(draw: Draw, key: Key, block: Block, out: Any, library: Any) -> None:
    """Write into a tensor whose memory the host cannot reach."""
    kind = out.device.type
    if kind == "meta":
        return
    if kind == "cuda":
        from agnostic_init.draws.engines.cuda import torch as cuda

        if cuda.supports(draw):
            cuda.fill(draw, key, block, out)
            return
    if kind in WITHOUT_FLOAT64:
        host_copy = torch.empty(block.shape, dtype=out.dtype, device="cpu")
        host.fill(draw, key, block, library.host_view(host_copy))
        library.write(out, host_copy)
        return
    generic.fill(draw, key, block, out, library)
