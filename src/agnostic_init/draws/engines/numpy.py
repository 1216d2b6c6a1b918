"""Host memory by NumPy alone: the reference on chunks, with what it spends most time on done in place."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from agnostic_init.bits.block import Positions
from agnostic_init.bits.key import Key
from agnostic_init.bits.philox import KEY_STEPS, MASK, MULTIPLIERS, ROUNDS
from agnostic_init.bits.stream import element_words, words_at
from agnostic_init.bits.words import Wide
from agnostic_init.draws.engines.storage import store
from agnostic_init.draws.record import Central, Draw
from agnostic_init.draws.reference import (
    CENTER,
    CENTRAL_LIMIT,
    CENTRAL_SQUARE,
    evaluate,
    quantile_of,
)

__all__ = ["fill", "quantile_in_place"]

CHUNK = 1 << 16  # elements; their arrays stay in the second-level cache
SHORT_RUN = 32
LIMIT = 1 << 64
WIDE = Wide(np, np.uint64, None, signed=False)
# Arrays of no axes, as NumPy takes numbers fastest.
M0, M1 = (np.array(multiplier, np.uint64) for multiplier in MULTIPLIERS)
LOW, HALF = np.array(MASK, np.uint64), np.array(32, np.uint64)


def fill(draw: Draw, key: Key, positions: Positions, out: Any, start: int, stop: int) -> None:
    """Write elements `start` to `stop` of a block, counted in its row-major order, into `out`."""
    if stop - start > CHUNK:
        # Once so much was freed, glibc keeps what the chunks free, and does not fetch it page by page.
        np.empty(64 * CHUNK, np.uint8)
    with np.errstate(all="ignore"):  # a result that underflows is right, whatever the user has set
        for at in range(start, stop, CHUNK):
            n = min(CHUNK, stop - at)
            words = _words(draw.words, key, positions, at, n)
            if draw.kind == "bits":
                np.copyto(out[at : at + n], words[0], casting="unsafe")
            else:
                values = evaluate(draw, np, np.float32, np.float64, words, quantile_in_place)
                store(draw.dtype, values, out[at : at + n])


def quantile_in_place(draw: Draw, xp: Any, m: Any) -> Any:
    """As `quantile_of`, with tails only where they are wanted."""
    q = draw.quantile
    if not isinstance(q, Central):
        return quantile_of(draw, xp, m)
    central = m * 2.0
    central -= 2.0**draw.bits - 1.0
    central *= q.step
    if q.middle:
        central += q.middle
    square = central * central
    np.subtract(CENTRAL_SQUARE, square, out=square)
    z, bottom = _polynomial(square, CENTER[0]), _polynomial(square, CENTER[1])
    z *= central
    z /= bottom
    in_tail = np.flatnonzero(np.abs(central, out=central) > CENTRAL_LIMIT)
    if in_tail.size:
        z[in_tail] = quantile_of(draw, xp, m[in_tail])
    return z


def _polynomial(x: Any, coefficients: tuple[float, ...]) -> Any:
    value = x * coefficients[-1]
    value += coefficients[-2]
    for coefficient in coefficients[-3::-1]:
        value *= x
        value += coefficient
    return value


def _words(each: int, key: Key, positions: Positions, start: int, count: int) -> list[Any]:
    """The words of `count` elements: `each` arrays of them."""
    if positions.run < min(SHORT_RUN, positions.size):
        return _words_apart(each, key, positions, start, count)
    runs = [(each * place, each * n) for place, n in _runs(positions, start, start + count)]
    counters = [_counters(key.offset + first // 4, first % 4 + n) for first, n in runs]
    made = _blocks(np.concatenate(counters) if len(counters) > 1 else counters[0], key)
    parts, at = [], 0
    for (first, n), counter in zip(runs, counters, strict=True):
        parts.append(made[at + first % 4 : at + first % 4 + n])
        at += 4 * counter.size
    words = np.concatenate(parts) if len(parts) > 1 else parts[0]
    return [words[n::each] for n in range(each)]


def _counters(first: int, words: int) -> Any:
    """Those of so many words' blocks."""
    counters = np.arange((words + 3) // 4, dtype=np.uint64)
    counters += np.uint64(first % LIMIT)
    return counters


def _blocks(counters: Any, key: Key) -> Any:
    """The words of whole blocks, in one array of uint32."""
    # The words (c0, c2) of each block are in `even` and (c1, c3) in `odd`.
    even, odd, product = np.empty((3, 2, counters.size), np.uint64)
    np.bitwise_and(counters, LOW, even[0])
    np.right_shift(counters, HALF, odd[0])
    even[1] = odd[1] = 0
    for number in range(ROUNDS):
        np.multiply(even[1], M1, product[0])
        np.multiply(even[0], M0, product[1])
        np.right_shift(product, HALF, even)
        np.bitwise_xor(even, odd, even)
        for row, word, step in zip(even, key.words, KEY_STEPS, strict=True):
            np.bitwise_xor(row, np.array((word + number * step) & MASK, np.uint64), row)
        np.bitwise_and(product, LOW, product)
        odd, product = product, odd
    low, high = (even, odd) if sys.byteorder == "little" else (odd, even)
    np.left_shift(high, HALF, high)
    np.bitwise_or(high, low, high)
    made = np.empty((counters.size, 2), np.uint64)
    np.copyto(made.T, high)
    return made.reshape(-1).view(np.uint32)


def _runs(positions: Positions, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Pieces of consecutive positions: the first, and how many."""
    run = positions.run
    while start < stop:
        row, column = divmod(start, run)
        count = min(run - column, stop - start)
        place = positions.base + column
        for length, stride in zip(positions.counts[-2::-1], positions.strides[-2::-1], strict=True):
            row, j = divmod(row, length)
            place += j * stride
        yield place, count
        start += count


def _words_apart(each: int, key: Key, positions: Positions, start: int, count: int) -> list[Any]:
    """The same at any positions, each with a block of its own."""
    if len(positions.counts) == 1:
        stride = positions.strides[0]
        line = Positions(positions.base + start * stride, (count,), (stride,))
        return element_words(WIDE, key.words, key.offset, line, each)
    index = np.arange(start, start + count, dtype=np.uint64)
    places = np.full(count, positions.base, dtype=np.uint64)
    for length, stride in zip(positions.counts[::-1], positions.strides[::-1], strict=True):
        index, j = np.divmod(index, np.uint64(length))
        places += j * np.uint64(stride % LIMIT)
    return words_at(WIDE, key.words, key.offset, places, each)
