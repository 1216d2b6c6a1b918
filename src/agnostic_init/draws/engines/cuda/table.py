"""The quantile as cubics in fixed point, for the two bounds that nearly every draw has.

A table holds, for half of the 2^24 integers, the rest being its mirror image, a cubic for each of
``2^SEGMENT_BITS`` segments of each of 24 octaves of the tail's probability, and the kernel says how
it is evaluated. Its error is far below the spacing of float32 numbers, so that one in 3,500 values
is near enough to a rounding boundary to be left to float64. What is stored as bfloat16 needs less
of it, and has a smaller table: half the bytes, and one value in 10,000 is left.

They are made by ``tests/data/make_cuda_tables.py``, which takes longer than all else at first use.
"""

from __future__ import annotations

import functools
import importlib.resources
import math
from typing import Any

import numpy as np

from agnostic_init.draws.quantile import quantile
from agnostic_init.draws.record import Central

__all__ = [
    "COARSE_MARGIN",
    "FIRST_OCTAVE",
    "MARGIN",
    "MARGIN_SLOPE",
    "SEGMENT_BITS",
    "TABLE_SIZE",
    "coarse",
    "largest",
    "table",
    "tabulated",
]

SEGMENT_BITS = 7
FIRST_OCTAVE, OCTAVES = -1, 24
TABLE_SIZE = OCTAVES << SEGMENT_BITS

# The error of a table at z is below MARGIN_SLOPE |z| + MARGIN: measured, at most 0.75 of it.
MARGIN_SLOPE, MARGIN = 1.625 * 2.0**-38, 1.25 * 2.0**-41

# In units of the last bit of what the table for bfloat16 holds. Its error is at most 13.2 of these.
COARSE_MARGIN = 16.0

BOUNDS = ((-math.inf, math.inf), (-2.0, 2.0))
# The largest values, of the first and the last integer.
LARGEST = (float.fromhex("0x1.5ae102p+2"), float.fromhex("0x1.fffff8p+0"))
FILE = "tables.bin"


def tabulated(q: object) -> bool:
    """Whether a quantile of 24 bits has a table."""
    return any(q == quantile(*bounds, 24) for bounds in BOUNDS)


def largest(q: Central) -> float:
    """The largest value of a tabulated quantile, in float32."""
    return LARGEST[_number(q)]


@functools.cache
def table(q: Central) -> Any:
    """Four words for each segment: uint32 of shape (TABLE_SIZE, 4).

    The first two are the cubic's value at the end nearer to the middle, less the margin, in 2^-61, with its third
    coefficient in the lowest 20 bits; then the first and the second coefficient.
    """
    return _of(q, 0, 4)


@functools.cache
def coarse(q: Central) -> Any:
    """Two words for each segment: uint32 of shape (TABLE_SIZE, 2).

    The first and the second coefficient, of 24 and 8 bits; and the value, less its error.
    """
    return _of(q, 4, 2)


def _of(q: Central, first: int, columns: int) -> Any:
    """A table of so many columns, the columns of a bound's tables from this one on."""
    start = TABLE_SIZE * (6 * _number(q) + first)
    return _words()[start : start + TABLE_SIZE * columns].reshape(TABLE_SIZE, columns)


def _number(q: Central) -> int:
    """Of the bounds of a quantile."""
    return [quantile(*bounds, 24) for bounds in BOUNDS].index(q)


@functools.cache
def _words() -> Any:
    """All of the file, read-only."""
    file = importlib.resources.files(__package__) / FILE
    return np.frombuffer(file.read_bytes(), "<u4").astype(np.uint32, copy=False)
