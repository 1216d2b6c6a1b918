"""torch: host memory where that is what a tensor has; CUDA kernels; torch operations elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from agnostic_init.arrays.libraries.torch_shards import is_sharded, parts
from agnostic_init.arrays.libraries.torch_tracing import constant, has_memory, has_values, recording
from agnostic_init.arrays.target import Target
from agnostic_init.bits.block import Block
from agnostic_init.bits.key import Key
from agnostic_init.draws.engines import generic, host
from agnostic_init.draws.record import Draw

__all__ = ["fill", "make"]

WITHOUT_FLOAT64 = ("mps",)


def make(draw: Draw, key: Key, block: Block, target: Target) -> Any:
    """A new tensor; of the meta device, one without values."""
    library = target.library
    dtype = library.dtype(target.dtype)
    if recording() and torch.device(target.device).type != "meta":
        return _constant(draw, key, block, dtype, target.device, library)
    out = torch.empty(block.shape, dtype=dtype, device=target.device)
    _fill(draw, key, block, out, library)
    return out


def fill(draw: Draw, key: Key, block: Block, out: Any, library: Any) -> None:
    """Write into a tensor whose memory the host cannot reach, or must not behind torch's back."""
    if is_sharded(out):
        for part, index in parts(out):
            _fill(draw, key, block.part(index), part, library)
        library.written(out)
        return
    if not has_values(out):
        return
    kind = out.device.type
    if recording() or not has_memory(out):
        library.write(out, _constant(draw, key, block, out.dtype, out.device, library))
        return
    if kind == "cuda":
        from agnostic_init.draws.engines.cuda import torch as cuda

        if cuda.supports(draw):
            cuda.fill(draw, key, block, out)
            return
    if kind in WITHOUT_FLOAT64:
        library.write(out, _constant(draw, key, block, out.dtype, "cpu", library))
        return
    generic.fill(draw, key, block, out, library)


def _fill(draw: Draw, key: Key, block: Block, out: Any, library: Any) -> None:
    view = library.host_view(out)
    if view is not None:
        host.fill(draw, key, block, view)
    else:
        fill(draw, key, block, out, library)


def _constant(draw: Draw, key: Key, block: Block, dtype: Any, device: Any, library: Any) -> Any:
    """A tensor of values that the host has drawn, made by an operation that every trace knows."""
    storage = np.empty(block.shape, library.storage(dtype))
    host.fill(draw, key, block, storage)
    return constant(storage, dtype, device)
