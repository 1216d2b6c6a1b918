"""Runs of the stream's words in NumPy, in place, with as few passes as Philox allows."""

from __future__ import annotations

import functools
import sys
from typing import Any

import numpy as np

from agnostic_init.bits.key import Key
from agnostic_init.bits.philox import KEY_STEPS, MASK, MULTIPLIERS, ROUNDS

__all__ = ["WordPass"]

# Rows are contiguous and numbers are arrays of no axes, as NumPy starts such a call in a quarter of
# the time. That counts where arrays are small, and with threads, which it makes wait for its lock.
M0, M1 = (np.array(multiplier, np.uint64) for multiplier in MULTIPLIERS)
LOW, HALF = np.array(MASK, np.uint64), np.array(32, np.uint64)
STEPS = np.arange(ROUNDS, dtype=np.uint64)[:, None] * np.array(KEY_STEPS, np.uint64)
LOW_WORD = 0 if sys.byteorder == "little" else 1
LIMIT = 1 << 64


class WordPass:
    """Consecutive words of a key's stream, up to a number of them, into scratch of its own."""

    def __init__(self, key: Key, most: int) -> None:
        self.offset = key.offset
        keys = (STEPS + np.array(key.words, np.uint64)) & LOW
        self.keys = [(keys[n, 0, ...], keys[n, 1, ...]) for n in range(ROUNDS)]
        blocks = most // 4 + 2
        self.ramp = _ramp(blocks)
        self.scratch = np.empty((3, 2 * blocks), np.uint64)
        self.words = self.scratch[0].view(np.uint32)

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

        The words (c0, c2) are in one array, `even`, and (c1, c3) in another, `odd`. The latter are
        the products themselves: what is above their low halves is masked once they are joined.
        """
        multiply, shift, xor = np.multiply, np.right_shift, np.bitwise_xor
        n = stop - start
        rows = self.scratch[:, 2 * start : 2 * stop]
        (even, even0, even1), odd, product = ((row, row[:n], row[n:]) for row in rows)
        # Rounds 1 and 2 have constants for most of their words.
        (first0, first1), (second0, second1), *keys, last = self.keys
        _, odd0, odd1 = odd
        np.add(self.ramp[:n], np.uint64(counter & MASK), even0)
        multiply(even0, M0, odd1)
        shift(odd1, HALF, even1)
        xor(even1, first1, even1)
        multiply(even1, M1, odd0)
        shift(odd0, HALF, even0)
        xor(even0, second0, even0)
        constant = MULTIPLIERS[0] * ((counter >> 32) ^ int(first0))
        xor(odd1, np.uint64((constant >> 32) ^ int(second1)), even1)
        np.bitwise_and(even1, LOW, even1)
        odd1.fill(constant & MASK)
        for key0, key1 in keys:
            both, product0, product1 = product
            multiply(even1, M1, product0)
            multiply(even0, M0, product1)
            shift(both, HALF, even)
            xor(even, odd[0], even)
            xor(even0, key0, even0)
            xor(even1, key1, even1)
            np.bitwise_and(even, LOW, even)
            odd, product = product, odd
        # Round 10 goes by halves, and straight to the words' places, which are those of `even`.
        _, product0, product1 = product
        multiply(even1, M1, product0)
        multiply(even0, M0, product1)
        words = self.words[4 * start : 4 * stop]
        for half, key in enumerate(last):
            row = xor(odd[1 + half], key, odd[1 + half])
            halves, others = product[1 + half].view(np.uint32), row.view(np.uint32)
            xor(halves[1 - LOW_WORD :: 2], others[LOW_WORD::2], words[2 * half :: 4])
            words[2 * half + 1 :: 4] = halves[LOW_WORD::2]


@functools.lru_cache(maxsize=8)
def _ramp(blocks: int) -> Any:
    ramp = np.arange(blocks, dtype=np.uint64)
    ramp.flags.writeable = False
    return ramp
