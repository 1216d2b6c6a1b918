"""From a draw to an array, new or given: the one way in, and the only file that knows which engine serves what.

Values come from the host's engine wherever the memory is the host's or the library takes what the
host has made, from the CUDA kernels on the GPUs of torch and CuPy, from a program of XLA where JAX
computes, and from the reference in the library's own operations everywhere else.
"""

from __future__ import annotations

import functools
import importlib
from typing import Any

from agnostic_init.arrays.library import Library
from agnostic_init.arrays.target import Target
from agnostic_init.bits.block import Block
from agnostic_init.bits.key import Key
from agnostic_init.draws.engines import host
from agnostic_init.draws.record import Draw

__all__ = ["fill", "make"]

CUDA = ("torch", "cupy")


def make(draw: Draw, key: Key, block: Block, target: Target) -> Any:
    """A new array of the block's shape."""
    library, device = target.library, target.device
    if library.lazy:
        part = functools.partial(_part, draw, key, block, library)
        dtype = library.dtype(target.dtype)
        return library.by_blocks(part, block.shape, dtype, target.like, (draw, key, block))
    if key.known and library.takes_from_host(device):
        return library.from_storage(host.new(draw, key, block), draw.dtype, device)
    if library.name == "jax":
        return _engine("jax").make(draw, key, block, target)
    if not library.writes:
        return _engine("generic").compute(draw, key, block, library, device)
    out = library.empty(block.shape, draw.dtype, device)
    fill(draw, key, block, out, library)
    return out


def fill(draw: Draw, key: Key, block: Block, out: Any, library: Library) -> None:
    """The same values, into an array that exists, of the block's shape and any strides.

    A caller who keeps the array tells the library that it was written.
    """
    memory = library.host_memory(out)
    if memory is not None:
        host.fill(draw, key, block, memory)
    elif not library.has_values(out):
        return
    elif library.takes_from_host(out.device, out):
        storage = host.new(draw, key, block)
        library.write(out, library.from_storage(storage, draw.dtype, out.device))
    elif (cuda := _cuda(draw, library, out)) is not None:
        cuda.fill(draw, key, block, out)
    else:
        with library.on(library.device_of(out)):
            _engine("generic").fill(draw, key, block, out, library)


def _cuda(draw: Draw, library: Library, out: Any) -> Any:
    """The module of the CUDA kernels for an array, if they make the draw."""
    if library.name not in CUDA or "cuda" not in str(out.device).lower():
        return None
    module = _engine(f"cuda.{library.name}")
    return module if module.supports(draw) else None


def _part(draw: Draw, key: Key, whole: Block, library: Library, index: tuple[slice, ...]) -> Any:
    """A chunk of a lazy array, of its place in the whole."""
    storage = host.new(draw, key, whole.part(index))
    return library.from_storage(storage, draw.dtype, None)


def _engine(name: str) -> Any:
    return importlib.import_module(f"agnostic_init.draws.engines.{name}")
