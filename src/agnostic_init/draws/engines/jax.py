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
from agnostic_init.bits.jax_key import TracedKey, as_words, is_traced
from agnostic_init.bits.key import Key
from agnostic_init.bits.stream import element_words
from agnostic_init.bits.words import Narrow
from agnostic_init.draws.engines import generic, host
from agnostic_init.draws.engines.jax_quantile import quantile_of_jax
from agnostic_init.draws.record import Draw
from agnostic_init.draws.reference import evaluate

__all__ = ["make", "on_host", "tracing"]

X64 = jax.enable_x64 if hasattr(jax, "enable_x64") else jax.experimental.enable_x64


def make(draw: Draw, key: Key, block: Block, target: Target) -> Any:
    """A new array: of host memory on a CPU, computed by XLA elsewhere and where JAX traces."""
    if not tracing(key) and on_host(target.device):
        return _from_host(draw, key, block, target)
    positions, moved = block.positions(), 0
    if min(positions.strides) >= 0:
        # What differs between blocks of one shape is an argument, so that they share one program.
        moved, first = divmod(positions.base, 4 // draw.words)
        positions = Positions(first, positions.counts, positions.strides)
    result = _program(draw, positions, block.shape)(*as_words(key, moved))
    return result if target.device is None else jax.device_put(result, target.device)


@functools.lru_cache(maxsize=256)
def _program(draw: Draw, positions: Positions, shape: tuple[int, ...]) -> Any:
    def values(seed: Any, offset: Any) -> Any:
        with X64(True):
            arithmetic = _Words(jnp, jnp.uint32, None)
            words = element_words(arithmetic, seed, offset, positions, draw.words)
            return jnp.reshape(_finished(draw, words), shape)

    return jax.jit(values)


def _finished(draw: Draw, words: list[Any]) -> Any:
    if draw.kind == "bits":
        return _Inside.cast(words[0], draw.dtype)
    found = evaluate(draw, jnp, jnp.float32, jnp.float64, words, quantile_of_jax)
    return generic.assembled(draw, _Inside, found)


class _Words(Narrow):
    """Words in uint32, with products in uint64: XLA is 30 times slower with those of 16-bit limbs."""

    def multiply(self, constant: int, words: Any) -> tuple[Any, Any]:
        product = words.astype(jnp.uint64) * jnp.asarray(constant, dtype=jnp.uint64)
        return (product >> 32).astype(jnp.uint32), product.astype(jnp.uint32)


class _Inside:
    """What `generic.assembled` asks of a library, within the computation."""

    @staticmethod
    def cast(array: Any, name: str) -> Any:
        return array.astype(jnp.dtype(name))


def tracing(key: Key | None = None) -> bool:
    """Whether operations are being recorded for a program, as under jit, or the key is traced."""
    if isinstance(key, TracedKey):
        return True
    return is_traced(jnp.zeros((), jnp.float32))  # no device: never kept


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
