"""Dask: every chunk is made by itself, of its place in the whole, when it is computed."""

from __future__ import annotations

from typing import Any

import dask.array
import numpy as np

from agnostic_init.arrays.libraries.numpy import storage_view
from agnostic_init.arrays.target import Target
from agnostic_init.bits.block import Block
from agnostic_init.bits.key import Key
from agnostic_init.draws.engines import host
from agnostic_init.draws.record import Draw

__all__ = ["make"]


def make(draw: Draw, key: Key, block: Block, target: Target) -> Any:
    """A lazy array, in the chunks of `like=` where that has this shape."""
    dtype = target.library.dtype(target.dtype)
    same = target.like is not None and target.like.shape == block.shape
    chunks = dask.array.core.normalize_chunks(
        target.like.chunks if same else "auto", block.shape, dtype=dtype
    )
    return (
        dask.array.map_blocks(
            _chunk,
            chunks=chunks,
            dtype=dtype,
            meta=np.empty((0,) * len(block.shape), dtype),
            draw=draw,
            stream=key,
            whole=block,
            result=dtype,
        )
        if block.shape
        else dask.array.from_array(_part(draw, key, block, dtype))
    )


def _chunk(*, draw: Draw, stream: Key, whole: Block, result: Any, block_info: Any = None) -> Any:
    place = block_info[None]["array-location"]
    return _part(draw, stream, whole.part(tuple(slice(*ends) for ends in place)), result)


def _part(draw: Draw, key: Key, part: Block, dtype: Any) -> Any:
    out = np.empty(part.shape, dtype)
    host.fill(draw, key, part, storage_view(out))
    return out
