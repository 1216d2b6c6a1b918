"""Keys that are known only when a program of JAX's runs: under jit, vmap, scan and shard_map."""

from __future__ import annotations

from typing import Any, NoReturn

import jax
import jax.numpy as jnp

from agnostic_init.arrays.errors import must_be_type
from agnostic_init.arrays.generators import traced_number
from agnostic_init.bits.key import Key, digest, word64
from agnostic_init.bits.philox import KEY_STEPS, MASK, ROUNDS, philox_round
from agnostic_init.bits.words import Narrow

__all__ = ["TracedKey", "as_words", "is_traced", "traced"]

Pair = tuple[Any, ...]  # the low and the high word of 64 bits: scalars of uint32
LIMIT = 1 << 64


class TracedKey(Key):
    """A key whose seed and offset are traced words.

    Only JAX's arrays can be drawn from it, by way of `as_words`. Whoever asks for its numbers is
    told so.
    """

    __slots__ = ("pairs",)
    known = False
    pairs: tuple[Pair, Pair]

    def __init__(self, seed: Pair, offset: Pair) -> None:
        object.__setattr__(self, "pairs", (seed, offset))

    def fold_in(self, data: Any) -> TracedKey:
        """Derive the key of an item, as `Key.fold_in`; the number may be traced too."""
        number = None if isinstance(data, str) else traced_number(data)
        if number is None:
            number = _pair(digest(data) if isinstance(data, str) else word64("data", data))
        return TracedKey(*_folded(*self.pairs, number))

    def __repr__(self) -> str:
        return "Key(traced by JAX)"

    @property  # type: ignore[misc]  # of the base it is a field
    def seed(self) -> NoReturn:
        """Raise, as the number is not known."""
        raise must_be_type(
            "key",
            "must not be traced by JAX where anything but an array of JAX is made",
            self,
            "xp=jax.numpy, or a key made outside of jit and vmap",
        )

    offset = words = seed


def is_traced(value: Any) -> bool:
    """Whether a value is known only when the program runs."""
    return isinstance(value, jax.core.Tracer)


def traced(source: Key | Pair) -> TracedKey:
    """The key of another, or of the words of a seed, with its numbers traced."""
    if isinstance(source, Key):
        return TracedKey(*as_words(source))
    return TracedKey(source, _pair(0))


def as_words(key: Key, blocks: int = 0) -> tuple[Pair, Pair]:
    """The seed, and the offset moved by some blocks, as pairs of words."""
    if isinstance(key, TracedKey):
        seed, offset = key.pairs
        return seed, Narrow(jnp, jnp.uint32, None).add(offset, blocks) if blocks else offset
    return _pair(key.seed), _pair((key.offset + blocks) % LIMIT)


def _fold(seed: Pair, offset: Pair, number: Pair) -> tuple[Pair, Pair]:
    """The words of one block, in a loop: a program has one for each name, and is compiled sooner."""
    arithmetic = Narrow(jnp, jnp.uint32, None)
    low, high = arithmetic.split(arithmetic.add(offset, number))
    zero = (low ^ low) | (seed[0] ^ seed[0])  # as varying in shard_map as what the loop makes
    steps = [arithmetic.constant(step) for step in KEY_STEPS]

    def turn(n: Any, words: Any) -> Any:
        r0, r1 = (word + n * step for word, step in zip(seed, steps, strict=True))
        return philox_round(arithmetic, words, r0, r1)

    start = low | zero, high | zero, zero, zero
    w0, w1, w2, w3 = jax.lax.fori_loop(jnp.uint32(0), jnp.uint32(ROUNDS), turn, start)
    return (w0, w1), (w2, w3)


def _pair(number: int) -> Pair:
    return tuple(jnp.asarray(w, dtype=jnp.uint32) for w in (number & MASK, number >> 32))


_folded = jax.jit(_fold)
