"""The tables of `without_float64`: the quantile in polynomials of degree four with integer coefficients.

They are made by ``tests/data/make_quantile_tables.py``, to 45 digits, and then moved by less than
2^-38 until all 2^24 inputs are right.
"""

from __future__ import annotations

import functools
import importlib.resources
import math
from typing import Any, NamedTuple

import numpy as np

from agnostic_init.draws.quantile import quantile
from agnostic_init.draws.record import Central, Tail

__all__ = ["COLUMNS", "MIDDLE", "PER_OCTAVE", "QuantileTable", "table_of"]

MIDDLE = 256  # pieces of equal width in the middle half of the integers
PER_OCTAVE = 64  # pieces of each octave of the distance from the edge, in the outer half
COLUMNS = 6  # words of a piece: two of c0, and one of each of c1 to c4
FILE = "quantile_tables.bin"


class QuantileTable(NamedTuple):
    """The pieces of a quantile.

    Attributes
    ----------
    columns
        Arrays of uint32, each with one word of every piece.
    edge
        What the distance of the outer half is measured from.
    first_octave
        The exponent of two where the outer pieces begin.
    """

    columns: tuple[Any, ...]
    edge: int
    first_octave: int


# Of each quantile: the pieces in the file, and the last two attributes of its table.
_PLACES = {
    quantile(-math.inf, math.inf, 24): (1729, 1 << 24, 0),
    quantile(-2.0, 2.0, 24): (519, (1 << 24) + 800_000, 19),
}


def table_of(which: Central | Tail | None) -> QuantileTable | None:
    """The table of a quantile, or None where there is none."""
    return _read()[which] if which in _PLACES else None


@functools.cache
def _read() -> dict[Central | Tail | None, QuantileTable]:
    content = importlib.resources.files(__package__).joinpath(FILE).read_bytes()
    words = np.frombuffer(content, "<u4").astype(np.uint32).reshape(-1, COLUMNS)
    found: dict[Central | Tail | None, QuantileTable] = {}
    start = 0
    for which, (pieces, edge, first) in _PLACES.items():
        rows = words[start : start + pieces]
        found[which] = QuantileTable(tuple(rows.T.copy()), edge, first)
        start += pieces
    return found
