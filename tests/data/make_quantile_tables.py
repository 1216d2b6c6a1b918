"""Make src/agnostic_init/draws/quantile_tables.bin: ``python tests/data/make_quantile_tables.py FILE``.

Each piece is the polynomial of degree four through the ratio of z and k at five Chebyshev nodes, to
45 digits, in integers: its value at the left end in units of 2^-61 (two words), the slope in units of
2^-39, and the rest in units of 2^-45. Where that makes one of the 2^24 inputs wrong, the piece is moved
by the least that makes all of its inputs right.
"""

from __future__ import annotations

import functools
import itertools
import math
import sys
from pathlib import Path

import mpmath as mp
import numpy as np

from agnostic_init.bits.words import Wide
from agnostic_init.draws.distributions import normal_draw, truncated_normal_draw
from agnostic_init.draws.quantile_tables import (
    COLUMNS,
    MIDDLE,
    PER_OCTAVE,
    QuantileTable,
    table_of,
)
from agnostic_init.draws.reference import evaluate
from agnostic_init.draws.without_float64 import Operations, _quantile

mp.mp.dps = 45
NODES = 5
WHOLE, HALF = 1 << 24, 1 << 23
UNITS = (61, 39, 45, 45, 45)
DRAWS = {
    "normal": (normal_draw(0, 1, "float32"), mp.mpf(1)),
    "truncated": (
        truncated_normal_draw(0, 1, -2, 2, "sigma", "parent", "float32"),
        mp.erf(mp.sqrt(2)),
    ),
}


@functools.cache
def inverse():
    """Of the matrix of powers of the nodes, and the nodes."""
    nodes = [(1 - mp.cos(mp.pi * (2 * i + 1) / (2 * NODES))) / 2 for i in range(NODES)]
    return mp.matrix([[x**j for j in range(NODES)] for x in nodes]) ** -1, nodes


def ratio(k, mass):
    """2^24 z / k of the quantile of 1/2 + k mass 2^-25."""
    return mp.sqrt(2) * mp.erfinv(k * mass / WHOLE) * WHOLE / k


def polynomial(left, width, mass):
    """The integers of a piece that begins at `left`."""
    matrix, nodes = inverse()
    # The last piece of the normal would end where the quantile is infinite, but for a hair.
    values = mp.matrix([ratio(min(left + x * width, WHOLE / mass), mass) for x in nodes])
    return integers([(matrix[i, :] * values)[0] for i in range(NODES)])


def integers(coefficients):
    c0, *rest = (
        max(0, int(mp.nint(c * mp.mpf(2) ** unit)))
        for c, unit in zip(coefficients, UNITS, strict=True)
    )
    return [c0 >> 32, c0 & 0xFFFFFFFF, *rest]


def piece(number, mass, edge, first_octave):
    """The integers of one piece; none where no odd k is in it."""
    if number < MIDDLE:
        width = HALF // MIDDLE
        return polynomial(mp.mpf(number * width) or mp.mpf(2) ** -20, mp.mpf(width), mass)
    octave, part = divmod(number - MIDDLE, PER_OCTAVE)
    octave += first_octave
    start = mp.mpf(2) ** octave * (1 + mp.mpf(part) / PER_OCTAVE)
    width = mp.mpf(2) ** octave / PER_OCTAVE
    last = start + width * (1 - mp.mpf(2) ** -17)
    if start > edge - HALF or last < edge - WHOLE + 1:
        return None
    if width < 1:  # one place or none
        alone = int(start) == start and int(start) % 2 == (edge + 1) % 2
        return integers([ratio(edge - start, mass), 0, 0, 0, 0]) if alone else None
    return polynomial(edge - last, width, mass)


def corrected(table, draw):
    """The table with the pieces moved that make an input wrong."""
    m = np.arange(HALF, WHOLE, dtype=np.uint64)
    expected = np.concatenate(
        [evaluate(draw, np, np.float32, np.float64, [part]) for part in np.split(m, 16)]
    )
    k = 2 * m + 1 - WHOLE
    place = np.where(k < HALF, k, table.edge - k)
    octave = np.floor(np.log2(place)).astype(np.int64)
    outer = (
        octave * PER_OCTAVE + ((place << (23 - octave).astype(np.uint64)) >> 17).astype(int) % 64
    )
    number = np.where(
        k < HALF, (k >> 15).astype(int), outer + MIDDLE - table.first_octave * PER_OCTAVE
    )

    def values(some):
        operations = Operations(Wide(np, np.uint64, None, signed=False))
        digits, size, positive = _quantile(operations, m[some], table)
        return operations.scaled(digits, size) * np.where(positive, np.float32(1), np.float32(-1))

    wrong = np.concatenate([values(part) for part in np.split(np.arange(HALF), 16)]) != expected
    high, low, slope = table.columns[:3]
    for each in np.unique(number[wrong]):
        own = np.flatnonzero(number == each)
        begin, steep = int(high[each]) << 32 | int(low[each]), int(slope[each])
        tried = itertools.product((0, 1, -1, 2, -2), range(400), (1, -1))
        for turn, move, sign in tried:
            value = begin + sign * (move << 15) - (turn << 21)
            high[each], low[each], slope[each] = value >> 32, value & 0xFFFFFFFF, steep + turn
            if np.array_equal(values(own), expected[own]):
                break
        else:
            sys.exit(f"piece {each} cannot be made right")


def main(path):
    content = b""
    for draw, mass in DRAWS.values():
        known = table_of(draw.quantile)
        rows = []
        for number in range(known.columns[0].size):
            made = piece(number, mass, known.edge, known.first_octave)
            rows.append(made or [0] * COLUMNS)
        columns = tuple(np.array(rows, np.uint64).astype(np.uint32).T.copy())
        table = QuantileTable(columns, known.edge, known.first_octave)
        corrected(table, draw)
        content += np.stack(table.columns, axis=-1).astype("<u4").tobytes()
    Path(path).write_bytes(content)
    print(f"{len(content)} bytes, {math.log2(len(content)):.2f} bits")


if __name__ == "__main__":
    main(sys.argv[1])
