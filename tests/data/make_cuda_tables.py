"""Make src/agnostic_init/draws/engines/cuda/tables.bin: ``python tests/data/make_cuda_tables.py FILE``.

For each of the two bounds the table of cubics, then the one for bfloat16, as little-endian words.
"""

from __future__ import annotations

import functools
import sys
from fractions import Fraction
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np

from agnostic_init.draws.engines.cuda.table import (
    BOUNDS,
    FIRST_OCTAVE,
    MARGIN,
    MARGIN_SLOPE,
    OCTAVES,
    SEGMENT_BITS,
    TABLE_SIZE,
)
from agnostic_init.draws.quantile import quantile
from agnostic_init.draws.record import Central

# What the last bit of each coefficient is worth.
UNIT_0, UNIT_1, UNIT_2, UNIT_3 = 2.0**-61, 2.0**-39, 2.0**-47, 2.0**-37
CUBIC_BITS = 20  # of the first coefficient, the lowest, that hold the last one

# Of the table for bfloat16, a quadratic in 32 bits: what the last bits are worth, and by how much
# the value is lowered, and its margin, in the first of them. Its error is at most 13.2 of these.
COARSE_0, COARSE_1, COARSE_2 = 2.0**-29, 2.0**-31, 2.0**-23
COARSE_LOWERED, COARSE_MARGIN = 3, 16.0

# Twelve Chebyshev nodes on [0, 1], as multiples of 1/4096.
NODES = tuple(
    Fraction(n, 4096) for n in (18, 156, 423, 802, 1264, 1781, 2315, 2832, 3294, 3673, 3940, 4078)
)


def content() -> bytes:
    """All of the file."""
    parts = []
    for bounds in BOUNDS:
        q = quantile(*bounds, 24)
        parts += [cubics(q), coarse(q)]
    return b"".join(part.astype("<u4").tobytes() for part in parts)


def cubics(q: Central) -> Any:
    """What `table` says, made anew."""
    places = np.asarray([float(node) for node in NODES])
    z = _samples(q, places)
    # Coefficients are rounded one after another, and each fit makes up for those before it. The first
    # is rounded down, for else the second could be negative next to the middle.
    first = np.floor(_fit(z, (0, 1, 2, 3), 1) / UNIT_1)
    z -= np.multiply.outer(first * UNIT_1, places)
    third = np.round(_fit(z, (0, 2, 3), 3) / UNIT_3)
    z -= np.multiply.outer(third * UNIT_3, places**3)
    second = np.round(_fit(z, (0, 2), 2) / UNIT_2)
    z -= np.multiply.outer(second * UNIT_2, places**2)
    value = (np.max(z, axis=1) + np.min(z, axis=1)) / 2.0
    value = (value - (MARGIN_SLOPE * value + MARGIN)) / UNIT_0
    cubic = third.astype(np.uint64)
    step = 1 << CUBIC_BITS
    start = np.round((value - third) / step).astype(np.uint64) * np.uint64(step) + cubic

    words = np.empty((TABLE_SIZE, 4), dtype=np.uint32)
    words[:, 0] = start & np.uint64(0xFFFFFFFF)
    words[:, 1] = start >> np.uint64(32)
    words[:, 2] = first
    words[:, 3] = second
    return words


def coarse(q: Central) -> Any:
    """What `coarse` says, made anew."""
    places = np.asarray([float(node) for node in NODES])
    z = _samples(q, places)
    second = np.round(_fit(z, (0, 1, 2), 2) / COARSE_2)
    z -= np.multiply.outer(second * COARSE_2, places**2)
    first = np.floor(_fit(z, (0, 1), 1) / COARSE_1)
    z -= np.multiply.outer(first * COARSE_1, places)
    start = np.floor(np.min(z, axis=1) / COARSE_0) - COARSE_LOWERED

    words = np.empty((TABLE_SIZE, 2), dtype=np.uint32)
    words[:, 0] = first * 256.0 + second
    words[:, 1] = start
    return words


def _samples(q: Central, places: Any) -> Any:
    """|z| at these places of every segment, counted from the end nearer to the middle."""
    segment = np.arange(OCTAVES << SEGMENT_BITS)[:, None]
    octave, number = segment >> SEGMENT_BITS, segment & ((1 << SEGMENT_BITS) - 1)
    last = 1.0 - 2.0 ** (SEGMENT_BITS - 23)
    halves = np.ldexp(1.0 + (number + last - places) * 2.0**-SEGMENT_BITS, octave + FIRST_OCTAVE)
    inverse = NormalDist().inv_cdf
    tails = q.right + 2.0 * q.step * halves
    return np.asarray([[-inverse(p) for p in row] for row in tails.tolist()])


def _fit(values: Any, powers: tuple[int, ...], power: int) -> Any:
    """One coefficient of the least-squares polynomial of these powers, for each row of values.

    The weights are exact, and the sum has an order, so that every machine makes the same table.
    """
    total = np.zeros(values.shape[0])
    for column, weight in enumerate(_weights(powers, power)):
        total = total + values[:, column] * weight
    return total


@functools.cache
def _weights(powers: tuple[int, ...], power: int) -> tuple[float, ...]:
    zero = Fraction(0)
    rows: list[list[Fraction]] = [
        [sum((node ** (a + b) for node in NODES), zero) for b in powers]
        + [node**a for node in NODES]
        for a in powers
    ]
    for pivot in range(len(powers)):
        rows[pivot] = [entry / rows[pivot][pivot] for entry in rows[pivot]]
        for other in range(len(powers)):
            if other != pivot:
                factor = rows[other][pivot]
                rows[other] = [
                    x - factor * y for x, y in zip(rows[other], rows[pivot], strict=True)
                ]
    return tuple(float(weight) for weight in rows[powers.index(power)][len(powers) :])


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(content())
