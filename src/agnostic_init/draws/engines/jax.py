"""JAX: the reference compiled by XLA, on 32-bit words, with float64 confined to the computation."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from agnostic_init.arrays.libraries.numpy import storage_view
from agnostic_init.arrays.target import Target
from agnostic_init.bits.block import Block, Positions
from agnostic_init.bits.key import Key
from agnostic_init.bits.words import Narrow
from agnostic_init.draws.engines import generic, host
from agnostic_init.draws.record import Draw

__all__ = ["make", "on_host", "traced", "tracing"]

MASK = 0xFFFFFFFF
LIMIT = 1 << 64
X64 = jax.enable_x64 if hasattr(jax, "enable_x64") else jax.experimental.enable_x64


def make(draw: Draw, key: Key, block: Block, target: Target) -> Any:
    """A new array: of host memory on a CPU, computed by XLA elsewhere and where JAX traces."""
    if not tracing() and on_host(target.device):
        return _from_host(draw, key, block, target)
    seed = tuple(jnp.asarray(word, dtype=jnp.uint32) for word in key.words)
    positions = block.positions()
    offset = key.offset
    if min(positions.strides) >= 0:
        # What differs between blocks of one shape is an argument, so that they share one program.
        per_block = 4 // draw.words
        offset = (offset + positions.base // per_block) % LIMIT
        positions = Positions(positions.base % per_block, positions.counts, positions.strides)
    place = tuple(jnp.asarray(w, dtype=jnp.uint32) for w in (offset & MASK, offset >> 32))
    result = traced(draw, positions, block.shape, seed, place)
    return result if target.device is None else jax.device_put(result, target.device)


def traced(draw: Draw, positions: Positions, shape: tuple[int, ...], seed: Any, offset: Any) -> Any:
    """The values, for key words that may be traced: pairs (low, high) of uint32 arrays."""
    return _program(draw, positions, shape)(seed, offset)


@functools.lru_cache(maxsize=256)
def _program(draw: Draw, positions: Positions, shape: tuple[int, ...]) -> Any:
    def values(seed: Any, offset: Any) -> Any:
        with X64(True):
            arithmetic = Narrow(jnp, jnp.uint32, None)
            found = generic.values(draw, arithmetic, _Inside(), seed, offset, positions)
            return jnp.reshape(found, shape)

    return jax.jit(values)


class _Inside:
    """What `generic.values` asks of a library, within the computation."""

    xp = jnp

    @staticmethod
    def cast(array: Any, name: str) -> Any:
        return array.astype(jnp.dtype(name))


def tracing() -> bool:
    """Whether operations are being recorded for a program, as under jit."""
    return isinstance(jnp.zeros((), jnp.float32), jax.core.Tracer)  # no device: never kept


def on_host(device: Any) -> bool:
    """Whether the device, a sharding or the default one, is a CPU."""
    if device is None:
        default = jax.config.jax_default_device
        platform = getattr(default, "platform", default) or jax.default_backend()
        return str(platform) == "cpu"
    devices = getattr(device, "device_set", None) or {device}
    return all(getattr(d, "platform", "") == "cpu" for d in devices)


def _from_host(draw: Draw, key: Key, block: Block, target: Target) -> Any:
    out = np.empty(block.shape, jnp.dtype(draw.dtype))
    host.fill(draw, key, block, storage_view(out))
    return jax.device_put(out, target.device)
