"""Which engine serves which library, device and dtype: the only file that knows."""

from __future__ import annotations

import importlib
from typing import Any

from agnostic_init.arrays.target import Target
from agnostic_init.bits.block import Block
from agnostic_init.bits.key import Key
from agnostic_init.draws.engines import host
from agnostic_init.draws.record import Draw

__all__ = ["fill", "make"]

OF_LIBRARY = {"jax": "jax", "dask": "dask", "torch": "torch", "cupy": "cupy"}


def make(draw: Draw, key: Key, block: Block, target: Target) -> Any:
    """A new array of the block's shape."""
    if target.library.name == "numpy":
        import numpy as np

        out = np.empty(block.shape, target.library.dtype(target.dtype))
        host.fill(draw, key, block, target.library.host_view(out))
        return out
    return _engine(target.library).make(draw, key, block, target)


def fill(draw: Draw, key: Key, block: Block, out: Any, library: Any) -> None:
    """The same values, into an array that exists."""
    view = library.host_view(out)
    if view is not None:
        host.fill(draw, key, block, view)
        library.written(out)
        return
    _engine(library).fill(draw, key, block, out, library)


def _engine(library: Any) -> Any:
    name = OF_LIBRARY.get(library.name, "generic")
    return importlib.import_module(f"agnostic_init.draws.engines.{name}")
