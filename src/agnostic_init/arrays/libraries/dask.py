"""Dask: arrays made block by block, later."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable
from typing import Any

import dask
import dask.array
import numpy as np
from dask.base import tokenize

from agnostic_init.arrays.errors import must
from agnostic_init.arrays.libraries import numpy
from agnostic_init.arrays.library import COMPAT, Index
from agnostic_init.arrays.memory import Memory

__all__ = ["Library"]


class Library(numpy.Library):
    """Dask over NumPy."""

    name = "dask"
    namespace = f"{COMPAT}.dask.array"
    writes = False
    lazy = True

    def has(self, array: Any) -> bool:
        return isinstance(array, dask.array.Array)

    def device(self, device: Any) -> Any:
        if device not in (None, "cpu"):
            rule = "must be 'cpu' for Dask, whose chunks are made by NumPy"
            raise must("device", rule, device, "xp=cupy or xp=torch")
        return None if device is None else "cpu"

    def memory(self, array: Any) -> Memory | None:
        return None

    def ready(self, array: Any) -> Memory | None:
        return None

    def host_memory(self, array: Any) -> Memory | None:
        return None

    def to_host(self, array: Any) -> Any:
        return numpy.storage_view(np.asarray(array))

    def counted(self, array: Any) -> Iterable[tuple[Any, Index | None]]:
        """Its chunks, each made when its turn comes."""
        if any(np.isnan(length) for length in array.shape):
            raise must("array", "must have chunks of known sizes", array.chunks)
        ends = [list(itertools.accumulate(sizes, initial=0)) for sizes in array.chunks]
        for place in np.ndindex(*array.numblocks):
            index = tuple(slice(each[n], each[n + 1]) for each, n in zip(ends, place, strict=True))
            yield np.asarray(array.blocks[place] if place else array), index

    def rearranged(
        self, array: Any, lengths: Any, order: tuple[int, ...], shape: tuple[int, ...]
    ) -> Any:
        return None

    def by_blocks(
        self,
        function: Callable[[Index], Any],
        shape: tuple[int, ...],
        dtype: Any,
        like: Any,
        of: tuple[Any, ...],
        uncut: int = 0,
    ) -> Any:
        if not shape:
            return self.deferred(functools.partial(function, ()), shape, dtype, of)
        same = like is not None and like.shape == shape
        wanted = like.chunks if same else ("auto",) * len(shape)
        chunks = dask.array.core.normalize_chunks(
            (*wanted[: len(shape) - uncut], *(-1,) * uncut), shape, dtype=dtype
        )
        made = dask.array.map_blocks(
            _block,
            chunks=chunks,
            dtype=dtype,
            meta=np.empty((0,) * len(shape), dtype),
            name=_name(of, shape, dtype, chunks),
            function=function,
        )
        return made.rechunk(like.chunks) if same and uncut else made

    def deferred(
        self, function: Callable[[], Any], shape: tuple[int, ...], dtype: Any, of: tuple[Any, ...]
    ) -> Any:
        meta = np.empty((0,) * len(shape), dtype)
        name = _name(of, shape, dtype)
        chunk = dask.delayed(function)(dask_key_name=f"{name}-made")
        return dask.array.from_delayed(chunk, shape, dtype=dtype, meta=meta, name=name)

    def chunked(self, shape: tuple[int, ...], chunks: Any, dtype: str) -> Any:
        kind = self.dtype(dtype)
        try:
            sizes = dask.array.core.normalize_chunks(chunks, shape, dtype=kind)
            return dask.array.empty(shape, dtype=kind, chunks=sizes)
        except (ValueError, TypeError, NotImplementedError) as error:
            rule = f"must be chunks of the shape {shape} ({error})"
            raise must("chunks", rule, chunks, "chunks='auto', or a size for each axis") from None

    def in_chunks_of(self, like: Any, array: Any) -> Any:
        same = like is not None and like.shape == array.shape
        return array.rechunk(like.chunks) if same else array


def _name(*values: Any) -> str:
    return f"agnostic_init-{tokenize(*values)}"


def _block(*, function: Callable[[Index], Any], block_info: Any = None) -> Any:
    place = block_info[None]["array-location"]
    return function(tuple(slice(*ends) for ends in place))
