"""What depends on the numbers drawn: how many are undecided, and how their table is read."""

from __future__ import annotations

import functools

import numpy as np

from agnostic_init.draws.engines.cuda import table as cuda
from agnostic_init.draws.record import Central
from agnostic_init.draws.reference import CENTRAL_LIMIT

__all__ = ["central_share", "undecided", "wavefronts"]

SAMPLE = 1 << 18
WARP = 32


@functools.cache
def undecided(q: Central, *, coarse: bool = False) -> float:
    """The share of the words whose value a table leaves to float64, of all words.

    As the kernel evaluates, but for float32 sums that are rounded from their float64 value; of the
    coarse table, with a scale of one.
    """
    words = np.arange(1 << 23, dtype=np.uint32)
    half = words.astype(np.float32) + np.float32(0.5)
    found = 0
    for part in np.array_split(half.view(np.uint32), 32):
        if coarse:
            least, most = (_brain(x) for x in _coarse_bounds(part, cuda.coarse(q)))
        else:
            least, most = _bounds(part, cuda.table(q))
        found += int(np.count_nonzero(least != most))
    return found / words.size


def central_share(q: Central) -> float:
    """The share of the words near the middle, where the float64 quantile is shorter."""
    return float(min(1.0, 2.0 * CENTRAL_LIMIT / (q.step * 2.0**25)))


@functools.cache
def wavefronts(entry_bytes: int = 16) -> float:
    """Turns of the shared memory for one load of a warp, each lane reading an entry of its own.

    So many lanes as take 128 bytes are served together, and take a turn for each address that the
    most demanded banks are asked for.
    """
    random = np.random.default_rng(1)
    half = random.integers(0, 1 << 23, (SAMPLE // WARP, WARP)).astype(np.float32) + np.float32(0.5)
    entries = half.view(np.uint32) >> np.uint32(23 - cuda.SEGMENT_BITS)
    lanes = 128 // entry_bytes
    total = 0
    for group in entries.reshape(-1, lanes):
        distinct = np.unique(group)
        total += int(np.bincount(distinct % lanes).max())
    return total / (SAMPLE // WARP)


def _bounds(bits: np.ndarray, table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the kernel's `table_quantile` compares."""
    u64 = np.uint64
    entry, place = _entries(bits, table)
    shifted = place << u64(14)
    low = u64(0xFFFFFFFF)
    bend = (shifted * ((entry[:, 0] << u64(12)) & low) + (entry[:, 3] << u64(32))) >> u64(32)
    value = (place << u64(6)) * entry[:, 2] + (entry[:, 1] << u64(32) | entry[:, 0])
    value += place * (shifted * bend >> u64(32))
    a = (value >> u64(41)).astype(np.float32).astype(np.float64)
    b = (value >> u64(9) & low).astype(np.float32)
    width = (a * (cuda.MARGIN_SLOPE * 2.0**33) + cuda.MARGIN * 2.0**53).astype(np.float32)
    return (a * 2.0**32 + b).astype(np.float32), (a * 2.0**32 + (b + width)).astype(np.float32)


def _coarse_bounds(bits: np.ndarray, table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The bounds of the kernel's `coarse_quantile`."""
    u64 = np.uint64
    entry, place = _entries(bits, table)
    slope = place * (entry[:, 0] & u64(0xFF)) + entry[:, 0]
    value = ((place << u64(6)) * slope + (entry[:, 1] << u64(32) | entry[:, 0])) >> u64(32)
    least = value.astype(np.float32)
    most = least.astype(np.float64) * (1.0 + 2.0**-22) + cuda.COARSE_MARGIN
    return least, most.astype(np.float32)


def _entries(bits: np.ndarray, table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of the table, and the place in each segment."""
    shift = 23 - cuda.SEGMENT_BITS
    bias = (127 + cuda.FIRST_OCTAVE) << cuda.SEGMENT_BITS
    entry = table[(bits >> np.uint32(shift)).astype(np.int64) - bias].astype(np.uint64)
    return entry, (~bits & np.uint32((1 << shift) - 1)).astype(np.uint64)


def _brain(single: np.ndarray) -> np.ndarray:
    """The bits of float32 numbers as bfloat16."""
    bits = single.view(np.uint32)
    return (bits + np.uint32(0x7FFF) + (bits >> np.uint32(16) & np.uint32(1))) >> np.uint32(16)
