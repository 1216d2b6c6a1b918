"""Dask: every stack of matrices is made by itself, when it is computed; a matrix is never cut."""

from __future__ import annotations

from typing import Any

import dask.array
import numpy as np

from agnostic_init.arrays.target import Target, backend
from agnostic_init.bits.key import Key
from agnostic_init.linalg.executors import numpy
from agnostic_init.linalg.haar import Haar

__all__ = ["make"]


def make(haar: Haar, key: Key, target: Target) -> Any:
    """A lazy array, at last in the chunks of `like=` where that has this shape."""
    dtype = target.library.dtype(haar.dtype)
    same = target.like is not None and target.like.shape == haar.shape
    batch = target.like.chunks[:-2] if same else ("auto",) * len(haar.batch)
    chunks = dask.array.core.normalize_chunks((*batch, -1, -1), haar.shape, dtype=dtype)
    made = dask.array.map_blocks(
        _chunk,
        chunks=chunks,
        dtype=dtype,
        meta=np.empty((0,) * len(haar.shape), dtype),
        haar=haar,
        stream=key,
        result=dtype,
    )
    return made.rechunk(target.like.chunks) if same else made


def _chunk(*, haar: Haar, stream: Key, result: Any, block_info: Any = None) -> Any:
    place = block_info[None]["array-location"][:-2]
    part = tuple(slice(*ends) for ends in place)
    made = numpy.make(haar, stream, Target(backend("numpy"), haar.compute, None), part)
    return made.astype(result, copy=False)
