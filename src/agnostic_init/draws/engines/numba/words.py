"""Compiled kernels for the words of stream v1: runs of whole blocks, and blocks far apart."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from agnostic_init.bits.philox import KEY_STEPS, MULTIPLIERS, ROUNDS

__all__ = ["own_pairs", "own_words", "run_words", "step", "walk"]

# All arithmetic is in uint64: a mixture with int64 would become float64 in numba.
M0, M1 = np.uint64(MULTIPLIERS[0]), np.uint64(MULTIPLIERS[1])
W0, W1 = np.uint64(KEY_STEPS[0]), np.uint64(KEY_STEPS[1])
LOW = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)
ONE, TWO, THREE = np.uint64(1), np.uint64(2), np.uint64(3)


@njit(nogil=True, inline="always")
def _philox(counter: Any, seed: Any) -> Any:
    """Four words of one block, each in the lower half of a uint64."""
    c0, c1 = counter & LOW, counter >> HALF
    c2 = c3 = np.uint64(0)
    k0, k1 = seed & LOW, seed >> HALF
    for _ in range(ROUNDS):
        p0, p1 = c0 * M0, c2 * M1
        c0, c1, c2, c3 = (p1 >> HALF) ^ c1 ^ k0, p1 & LOW, (p0 >> HALF) ^ c3 ^ k1, p0 & LOW
        k0, k1 = (k0 + W0) & LOW, (k1 + W1) & LOW
    return c0, c1, c2, c3


@njit(nogil=True)
def run_words(seed: Any, counter: Any, lane: Any, count: Any, out: Any, at: Any) -> None:
    """`count` consecutive words, from word `lane` of block `counter` on, to `out[at:]`."""
    done = 0
    if lane:
        done = min(4 - lane, count)
        _part(seed, counter, lane, done, out, at)
        counter += ONE
    blocks = (count - done) // 4
    start = np.uint64(at + done)  # unsigned: not to be counted from the end
    for b in range(blocks):
        w0, w1, w2, w3 = _philox(counter + np.uint64(b), seed)
        i = start + np.uint64(4 * b)
        out[i] = np.uint32(w0)
        out[i + ONE] = np.uint32(w1)
        out[i + TWO] = np.uint32(w2)
        out[i + THREE] = np.uint32(w3)
    done += 4 * blocks
    _part(seed, counter + np.uint64(blocks), 0, count - done, out, at + done)


@njit(nogil=True)
def _part(seed: Any, counter: Any, lane: Any, count: Any, out: Any, at: Any) -> None:
    """Some words of one block."""
    if count:
        w0, w1, w2, w3 = _philox(counter, seed)
        for n in range(lane, lane + count):
            word = (w0 if n == 0 else w1) if n < 2 else (w2 if n == 2 else w3)
            out[at + n - lane] = np.uint32(word)


@njit(nogil=True)
def own_words(seed: Any, offset: Any, positions: Any, count: Any, out: Any) -> None:
    """The word of each position, from its own block."""
    for i in range(count):
        w0, w1, w2, w3 = _philox(offset + (positions[i] >> TWO), seed)
        lane = positions[i] & THREE
        low = w1 if lane & ONE else w0
        high = w3 if lane & ONE else w2
        out[i] = np.uint32(high if lane & TWO else low)


@njit(nogil=True)
def own_pairs(seed: Any, offset: Any, positions: Any, count: Any, out: Any) -> None:
    """The two words of each position, from its own block."""
    for i in range(count):
        w0, w1, w2, w3 = _philox(offset + (positions[i] >> ONE), seed)
        second = positions[i] & ONE
        out[2 * i] = np.uint32(w2 if second else w0)
        out[2 * i + 1] = np.uint32(w3 if second else w1)


@njit(nogil=True)
def walk(base: Any, counts: Any, strides: Any, index: Any, count: Any, out: Any) -> None:
    """The next `count` positions in row-major order; `index` moves along."""
    last = counts.size - 1
    done = 0
    while done < count:
        position = base
        for d in range(last + 1):
            position += np.uint64(index[d]) * strides[d]
        take = min(counts[last] - index[last], count - done)
        for j in range(take):
            out[done + j] = position + np.uint64(j) * strides[last]
        done += take
        step(counts, index, take)


@njit(nogil=True)
def step(counts: Any, index: Any, take: Any) -> None:
    """Move an index along its last axis, which `take` does not lead beyond."""
    d = counts.size - 1
    index[d] += take
    while d > 0 and index[d] == counts[d]:
        index[d] = 0
        d -= 1
        index[d] += 1
