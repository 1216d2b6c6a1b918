"""Dask: every chunk is made by itself, of its place in the whole, when it is computed."""

from __future__ import annotations

import functools
from typing import Any

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
    part = functools.partial(_part, draw, key, block, dtype)
    return target.library.by_blocks(part, block.shape, dtype, target.like, (draw, key, block))


def _part(draw: Draw, key: Key, whole: Block, dtype: Any, index: tuple[slice, ...]) -> Any:
    part = whole.part(index)
    out = np.empty(part.shape, dtype)
    host.fill(draw, key, part, storage_view(out))
    return out
