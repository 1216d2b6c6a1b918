"""JAX: programs of XLA, on words of 32 bits, that any sharding of the result cuts into its parts.

Normals and uniforms of 24 bits are made in integers and float32; float64, where another draw is
defined in it, is confined to the computation.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from agnostic_init.arrays.libraries.jax import tracing
from agnostic_init.arrays.target import Target
from agnostic_init.bits.block import Block, Positions
from agnostic_init.bits.jax_key import as_words
from agnostic_init.bits.key import Key
from agnostic_init.bits.stream import element_words, words_at
from agnostic_init.bits.words import Narrow
from agnostic_init.draws.engines import generic, jax_native
from agnostic_init.draws.engines.jax_float64 import evaluate_in_integers, fits
from agnostic_init.draws.record import Draw
from agnostic_init.draws.reference import evaluate
from agnostic_init.draws.without_float64 import (
    Operations,
    evaluate_without_float64,
    needs_no_float64,
)

__all__ = ["in_float64", "make"]

X64 = jax.enable_x64 if hasattr(jax, "enable_x64") else jax.experimental.enable_x64
PER_BLOCK = 4  # words
AT_HOME = ("cpu", "cuda", "rocm")  # platforms of XLA that have float64


def make(draw: Draw, key: Key, block: Block, target: Target) -> Any:
    """A new array."""
    positions, moved = block.axes(), 0
    if min(positions.strides, default=0) >= 0:
        # What differs between blocks of one shape is an argument, so that they share one program.
        moved, first = divmod(positions.base, PER_BLOCK // draw.words)
        positions = Positions(first, positions.counts, positions.strides)
    place, words = target.device, as_words(key, moved)
    if target.library.cuts(place) and key.known and not tracing():
        return _program(draw, positions, place)(*words)
    program = _program(draw, positions)
    result = jax_native.make(draw, block, positions, program, words)
    if result is None:
        result = program(*words)
    return result if place is None else jax.device_put(result, place)


def in_float64(function: Callable[[Any], Any], array: Any) -> Any:
    """A function of numbers in float32, computed in float64 where XLA has it, and rounded to float32."""

    def wide(x: Any) -> Any:
        return function(x.astype(jnp.float64)).astype(jnp.float32)

    def narrow(x: Any) -> Any:
        with X64(False):
            return function(x)

    with X64(True):
        at_home = dict.fromkeys(AT_HOME, wide)
        return jax.lax.platform_dependent(array, default=narrow, **at_home)


@functools.lru_cache(maxsize=256)
def _program(draw: Draw, positions: Positions, sharding: Any = None) -> Any:
    def values(seed: Any, offset: Any) -> Any:
        with X64(True):
            words = _element_words(_Words(jnp, jnp.uint32, None), seed, offset, positions, draw)
            return _finished(draw, words)

    return jax.jit(values, out_shardings=sharding)


def _element_words(
    arithmetic: Narrow, seed: Any, offset: Any, positions: Positions, draw: Draw
) -> list[Any]:
    """The words in the shape of the result, of which no axis is made of others.

    So each device computes its part alone. A block of words is made once where rows are made of
    whole ones, or where there is one device; else once for each element in it.
    """
    per_block = PER_BLOCK // draw.words
    *outer, inner = list(zip(positions.counts, positions.strides, strict=True)) or [(1, 1)]
    whole = (
        positions.base % per_block == inner[0] % per_block == 0
        and inner[1] == 1
        and all(stride % per_block == 0 for _, stride in outer)
    )
    if whole:
        return element_words(arithmetic, seed, offset, positions, draw.words)
    if jax.device_count() == 1:
        joined = element_words(arithmetic, seed, offset, positions.simplified(), draw.words)
        return [jnp.reshape(words, positions.counts) for words in joined]
    places = arithmetic.positions(positions.base, positions.counts, positions.strides)
    return words_at(arithmetic, seed, offset, places, draw.words)


def _finished(draw: Draw, words: list[Any]) -> Any:
    if draw.kind == "bits":
        return _cast(words[0], draw.dtype)
    if needs_no_float64(draw):
        operations = _Operations(_Words(jnp, jnp.uint32, None))
        found = evaluate_without_float64(draw, operations, words)
    else:
        found = _by_reference(draw, words)
    return generic.assembled(draw, _cast, found)


def _by_reference(draw: Draw, words: list[Any]) -> Any:
    def by_float64(*words: Any) -> Any:
        return evaluate(draw, jnp, jnp.float32, jnp.float64, [*words])

    if not fits(draw):
        return by_float64(*words)
    at_home = dict.fromkeys(AT_HOME, by_float64)
    return jax.lax.platform_dependent(
        *words, default=lambda *words: evaluate_in_integers(draw, [*words]), **at_home
    )


class _Words(Narrow):
    """Words in uint32, with products and positions in uint64.

    Products of 16-bit limbs take XLA 30 times as long, and an axis may have more than 2^32 places.
    """

    def multiply(self, factor: Any, words: Any) -> tuple[Any, Any]:
        product = words.astype(jnp.uint64) * jnp.asarray(factor, dtype=jnp.uint64)
        return (product >> 32).astype(jnp.uint32), product.astype(jnp.uint32)

    def positions(self, base: int, counts: tuple[int, ...], strides: tuple[int, ...]) -> Any:
        start = base % (1 << 64)
        total = jnp.full(counts, start, dtype=jnp.uint64)  # no device: that of the program
        for axis, stride in enumerate(strides):
            places = jax.lax.broadcasted_iota(jnp.uint64, counts, axis)
            total = total + places * jnp.asarray(stride % (1 << 64), dtype=jnp.uint64)
        return total.astype(jnp.uint32), (total >> 32).astype(jnp.uint32)


class _Operations(Operations):
    """With operations that XLA has and the standard has not."""

    def take(self, table: Any, index: Any) -> Any:
        return jnp.asarray(table).at[index].get(mode="promise_in_bounds")

    def exponent(self, words: Any) -> Any:
        return jnp.uint32(31) - jax.lax.clz(words)

    highest = exponent

    def moved(self, digits: Any, size: Any, positive: Any, scale: float, shift: float) -> Any:
        def by_float64(digits: Any, size: Any, positive: Any) -> Any:
            unit = digits.astype(jnp.float64) * self.take(2.0 ** np.arange(-47.0, 17.0), size)
            value = jnp.where(positive, unit, -unit) * scale + shift
            return value.astype(jnp.float32)

        def by_integers(digits: Any, size: Any, positive: Any) -> Any:
            return super(_Operations, self).moved(digits, size, positive, scale, shift)

        # Where float64 is at home, two operations of it take less.
        at_home = dict.fromkeys(AT_HOME, by_float64)
        return jax.lax.platform_dependent(digits, size, positive, default=by_integers, **at_home)

    def scaled(self, words: Any, exponent: Any) -> Any:
        # The highest bit of the words, the 24th, adds one to the exponent.
        bits = ((exponent + jnp.uint32(127 + 23 - 47 - 1)) << 23) + words
        return jax.lax.bitcast_convert_type(bits, jnp.float32)


def _cast(array: Any, name: str) -> Any:
    return array.astype(jnp.dtype(name))
