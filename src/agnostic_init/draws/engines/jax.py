"""JAX: the reference compiled by XLA, on 32-bit words, with float64 confined to the computation."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp

from agnostic_init.arrays.target import Target
from agnostic_init.bits.block import Block, Positions
from agnostic_init.bits.jax_key import as_words
from agnostic_init.bits.key import Key
from agnostic_init.bits.stream import element_words
from agnostic_init.bits.words import Narrow
from agnostic_init.draws.engines import generic
from agnostic_init.draws.engines.jax_quantile import quantile_of_jax
from agnostic_init.draws.record import Draw
from agnostic_init.draws.reference import evaluate

__all__ = ["make"]

X64 = jax.enable_x64 if hasattr(jax, "enable_x64") else jax.experimental.enable_x64


def make(draw: Draw, key: Key, block: Block, target: Target) -> Any:
    """A new array."""
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
        return _cast(words[0], draw.dtype)
    found = evaluate(draw, jnp, jnp.float32, jnp.float64, words, quantile_of_jax)
    return generic.assembled(draw, _cast, found)


class _Words(Narrow):
    """Words in uint32, with products in uint64: XLA is 30 times slower with those of 16-bit limbs."""

    def multiply(self, constant: int, words: Any) -> tuple[Any, Any]:
        product = words.astype(jnp.uint64) * jnp.asarray(constant, dtype=jnp.uint64)
        return (product >> 32).astype(jnp.uint32), product.astype(jnp.uint32)


def _cast(array: Any, name: str) -> Any:
    return array.astype(jnp.dtype(name))
