"""Philox4x32-10, the block function of stream v1.

Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
"""

from __future__ import annotations

from typing import Any, Protocol

__all__ = [
    "KEY_STEPS",
    "MULTIPLIERS",
    "ROUNDS",
    "WordArithmetic",
    "philox",
    "philox_block",
    "philox_round",
]

ROUNDS = 10
MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
KEY_STEPS = (0x9E3779B9, 0xBB67AE85)
MASK = 0xFFFFFFFF


class WordArithmetic(Protocol):
    """The two operations that Philox needs of arrays of 32-bit words."""

    def multiply(self, constant: int, words: Any) -> tuple[Any, Any]:
        """High and low word of the 64-bit products."""

    def constant(self, value: int) -> Any:
        """A word that broadcasts against arrays of words."""


def philox(arithmetic: WordArithmetic, counter: Any, k0: Any, k1: Any) -> tuple[Any, Any, Any, Any]:
    """Four words for each counter, in array operations.

    Parameters
    ----------
    arithmetic
        How the array library multiplies 32-bit words.
    counter
        Two or four arrays of words, lowest first; the words that are not given are zero.
    k0, k1
        The key's words: Python integers, or arrays of words where the key is traced.
    """
    zero = arithmetic.constant(0)
    c0, c1, c2, c3 = (*counter, zero, zero)[:4]
    for number in range(ROUNDS):
        r0 = _round_key(arithmetic, k0, number * KEY_STEPS[0])
        r1 = _round_key(arithmetic, k1, number * KEY_STEPS[1])
        c0, c1, c2, c3 = philox_round(arithmetic, (c0, c1, c2, c3), r0, r1)
    return c0, c1, c2, c3


def philox_round(arithmetic: WordArithmetic, counter: Any, r0: Any, r1: Any) -> Any:
    """One round: the next four words of four, with the words of the round's key."""
    c0, c1, c2, c3 = counter
    high0, low0 = arithmetic.multiply(MULTIPLIERS[0], c0)
    high1, low1 = arithmetic.multiply(MULTIPLIERS[1], c2)
    return high1 ^ c1 ^ r0, low1, high0 ^ c3 ^ r1, low0


def _round_key(arithmetic: WordArithmetic, word: Any, step: int) -> Any:
    if isinstance(word, int):
        return arithmetic.constant((word + step) & MASK)
    return word + arithmetic.constant(step & MASK)


def philox_block(counter: tuple[int, int, int, int], key: tuple[int, int]) -> tuple[int, ...]:
    """One block in Python integers: four words of a 4-word counter and a 2-word key.

    Examples
    --------
    >>> [f"{word:08x}" for word in philox_block((0, 0, 0, 0), (0, 0))]
    ['6627e8d5', 'e169c58d', 'bc57ac4c', '9b00dbd8']
    """
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(ROUNDS):
        p0, p1 = MULTIPLIERS[0] * c0, MULTIPLIERS[1] * c2
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & MASK, (p0 >> 32) ^ c3 ^ k1, p0 & MASK
        k0, k1 = (k0 + KEY_STEPS[0]) & MASK, (k1 + KEY_STEPS[1]) & MASK
    return c0, c1, c2, c3
