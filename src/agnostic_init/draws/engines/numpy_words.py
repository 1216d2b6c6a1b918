"""Runs of the stream's words in NumPy, in place, with as few passes as Philox allows."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from agnostic_init.bits.key import Key
from agnostic_init.bits.philox import KEY_STEPS, MASK, MULTIPLIERS, ROUNDS

__all__ = ["WordPass"]

PAIR = np.array(MULTIPLIERS, np.uint64)[:, None]
LOW = np.uint64(MASK)
SHIFT = np.uint64(32)
LOW_WORD = 0 if sys.byteorder == "little" else 1
LIMIT = 1 << 64


class WordPass:
    """Consecutive words of a key's stream, up to a number of them, into scratch of its own."""

    def __init__(self, key: Key, most: int) -> None:
        self.offset = key.offset
        k0, k1 = key.words
        self.keys = [
            ((k0 + n * KEY_STEPS[0]) & MASK, (k1 + n * KEY_STEPS[1]) & MASK) for n in range(ROUNDS)
        ]
        self.pairs = np.array(self.keys, np.uint64)[:, :, None]
        blocks = most // 4 + 2
        self.ramp = np.arange(blocks, dtype=np.uint64)
        self.scratch = np.empty((3, 2, blocks), np.uint64)
        self.words = np.empty(4 * blocks, np.uint32)

    def draw(self, position: int, count: int) -> Any:
        """Words `position` to `position + count`, valid until the next call."""
        first, lead = position // 4, position % 4
        blocks = (lead + count + 3) // 4
        counter = (self.offset + first) % LIMIT
        until_carry = (1 << 32) - (counter & MASK)
        if blocks <= until_carry:
            self._blocks(counter, 0, blocks)
        else:
            self._blocks(counter, 0, until_carry)
            self._blocks((counter + until_carry) % LIMIT, until_carry, blocks)
        return self.words[lead : lead + count]

    def _blocks(self, counter: int, start: int, stop: int) -> None:
        """Blocks from `counter` on, whose high words are all the same, to places start .. stop.

        The words (c0, c2) are one array, and (c1, c3) another, so that a round takes five calls.
        The latter are the products themselves: what is above their low halves does no harm until it
        is multiplied, and is masked before.
        """
        n = stop - start
        even, product, odd = (pair[:, :n] for pair in self.scratch)
        (first0, first1), (second0, second1) = self.keys[:2]
        # Rounds 1 and 2 have constants for most of their words.
        np.add(self.ramp[:n], np.uint64(counter & MASK), out=even[0])
        np.multiply(even[0], PAIR[0], out=odd[1])
        np.right_shift(odd[1], SHIFT, out=even[1])
        even[1] ^= np.uint64(first1)
        constant = MULTIPLIERS[0] * ((counter >> 32) ^ first0)
        np.multiply(even[1], PAIR[1], out=odd[0])
        np.right_shift(odd[0], SHIFT, out=even[0])
        even[0] ^= np.uint64(second0)
        np.bitwise_xor(odd[1], np.uint64((constant >> 32) ^ second1), out=even[1])
        even[1] &= LOW
        odd[1] = constant & MASK
        for pair in self.pairs[2:]:
            np.multiply(even, PAIR, out=product)
            np.right_shift(product[::-1], SHIFT, out=even)
            even ^= odd
            even ^= pair
            even &= LOW
            product, odd = odd[::-1], product[::-1]
        words = self.words.reshape(-1, 4)[start:stop]
        for lane, word in enumerate((even[0], odd[0], even[1], odd[1])):
            words[:, lane] = word.view(np.uint32)[LOW_WORD::2]
