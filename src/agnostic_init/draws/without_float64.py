"""The same values in 32-bit integers and float32 alone, for devices that have no float64.

The quantile is a polynomial of degree four in fixed point, on 256 pieces of the middle half and, of
the outer one, 64 for each octave of the distance from the edge. It is the ratio of z and k, which
is smooth at zero, and its coefficients are all positive; so no sign, no cancellation and no rounding
but that of integers is in it, and a compiler that fuses a multiplication with an addition changes
nothing. It errs by 2^-39 of itself, and the tables were moved by as little where that rounded one of
the 2^24 values to the wrong side.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from agnostic_init.bits.words import Wide
from agnostic_init.draws.moved import can_be_moved, moved
from agnostic_init.draws.quantile_tables import MIDDLE, PER_OCTAVE, QuantileTable, table_of
from agnostic_init.draws.record import Draw

__all__ = ["Operations", "evaluate_without_float64", "needs_no_float64"]

LOW_24 = (1 << 24) - 1
HALF = 1 << 23
PIECE_BITS = 17  # of the place within an outer piece
MIDDLE_BITS = 15  # of that within one of the middle
LEAST_SCALE = 2.0**-90  # with a smaller one a product may be below the normal numbers
EXPONENTS = np.log2(np.maximum(np.arange(1 << 12), 1)).astype(np.uint32)
POWERS = 2.0 ** np.arange(-47, -19).astype(np.float32)


class Operations:
    """What is done with words beyond arithmetic, in operations of the standard alone.

    Parameters
    ----------
    arithmetic
        How the library computes with words: `Wide` or `Narrow` of `agnostic_init.bits.words`.
    """

    def __init__(self, arithmetic: Any) -> None:
        self.arithmetic, self.xp = arithmetic, arithmetic.xp

    def constant(self, value: float) -> Any:
        """A number in float32."""
        return self.xp.asarray(value, dtype=self.xp.float32, device=self.arithmetic.device)

    def take(self, table: Any, index: Any) -> Any:
        """The entries of a small table of NumPy's at indices."""
        flat = self.xp.astype(self.xp.reshape(index, (-1,)), self.xp.int32)
        values = self.xp.asarray(table, device=self.arithmetic.device)
        return self.xp.reshape(self.xp.take(values, flat, axis=0), index.shape)

    def words(self, table: Any, index: Any) -> Any:
        """The same of words, in the arithmetic's own dtype."""
        # torch adds and compares no unsigned words.
        words = table.astype(np.int64) if isinstance(self.arithmetic, Wide) else table
        return self.xp.astype(self.take(words, index), self.arithmetic.dtype)

    def exponent(self, words: Any) -> Any:
        """The place of the highest bit of words from 1 to 2^24 - 1."""
        twelve = self.arithmetic.constant(12)
        upper = words >= self.arithmetic.constant(1 << 12)
        found = self.words(EXPONENTS, self.xp.where(upper, words >> twelve, words))
        return self.xp.where(upper, found + twelve, found)

    def highest(self, words: Any) -> Any:
        """The place of the highest bit of any words but 0."""
        eight = self.arithmetic.constant(8)
        long = words >= self.arithmetic.constant(1 << 24)
        found = self.exponent(self.xp.where(long, words >> eight, words))
        return self.xp.where(long, found + eight, found)

    def moved(self, digits: Any, size: Any, positive: Any, scale: float, shift: float) -> Any:
        """``+-digits * 2^(size - 47) * scale + shift`` as float64 rounds it, in float32."""
        return moved(self, digits, size, positive, scale, shift)

    def scaled(self, words: Any, exponent: Any) -> Any:
        """``words * 2^(exponent - 47)`` in float32, exactly, of words up to 2^24."""
        return self.xp.astype(words, self.xp.float32) * self.take(POWERS, exponent)


def needs_no_float64(draw: Draw) -> bool:
    """Whether `evaluate_without_float64` can make a draw.

    It makes uniforms, and normals that are unbounded or within two sigmas, but of scales and shifts
    that come near to the subnormal numbers.
    """
    if draw.bits != 24 or draw.kind not in ("uniform", "quantile"):
        return draw.kind == "bits"
    if draw.scale < LEAST_SCALE or not can_be_moved(draw.scale, draw.shift, draw.shift_imag):
        return draw.kind == "uniform" and draw.scale >= LEAST_SCALE and _centred(draw)
    return draw.kind == "uniform" or table_of(draw.quantile) is not None


def evaluate_without_float64(draw: Draw, operations: Operations, words: list[Any]) -> Any:
    """The values of words: as `reference.evaluate`, to the bit, for what `needs_no_float64`.

    Parameters
    ----------
    draw
        Of kind ``uniform`` or ``quantile``.
    operations
        Of the library.
    words
        One array of words for each real number of an element.

    Returns
    -------
    array, or pair of arrays
        In float32; real and imaginary part where it is complex.
    """
    arithmetic, xp = operations.arithmetic, operations.xp
    parts = []
    for each, shift in zip(words, (draw.shift, draw.shift_imag), strict=False):
        m = each & arithmetic.constant(LOW_24)
        if draw.kind == "quantile":
            unit = _normal(operations, m, draw, shift)
        elif _centred(draw):
            unit = (xp.astype(m, xp.float32) - float(HALF)) * (draw.scale * 2.0**-24)
        else:
            unit = _uniform(operations, m, draw)
        if draw.clips:
            low, high = operations.constant(draw.low), operations.constant(draw.high)
            unit = xp.where(unit < low, low, unit)
            unit = xp.where(unit > high, high, unit)
        parts.append(unit)
    return parts[0] if len(parts) == 1 else tuple(parts)


def _centred(draw: Draw) -> bool:
    return draw.shift == -draw.scale / 2


def _uniform(operations: Operations, m: Any, draw: Draw) -> Any:
    """Uniform numbers from anywhere."""
    arithmetic, xp = operations.arithmetic, operations.xp
    if not draw.shift:
        return xp.astype(m, xp.float32) * (draw.scale * 2.0**-24)
    zero = arithmetic.constant(0)
    exponent = operations.exponent(m)
    digits = m << (arithmetic.constant(23) - exponent)
    found = operations.moved(digits, exponent, m >= zero, draw.scale, draw.shift)
    return xp.where(m == zero, operations.constant(draw.shift), found)


def _normal(operations: Operations, m: Any, draw: Draw, shift: float) -> Any:
    """Normal numbers of any mean."""
    xp = operations.xp
    digits, size, positive = _quantile(operations, m, table_of(draw.quantile))
    if shift:
        return operations.moved(digits, size, positive, draw.scale, shift)
    value = operations.scaled(digits, size)
    return xp.where(positive, value, -value) * draw.scale


def _quantile(operations: Operations, m: Any, table: QuantileTable | None) -> tuple[Any, Any, Any]:
    """z of integers of 24 bits: words d and s of ``d * 2^(s - 47)``, and whether it is positive."""
    assert table is not None
    arithmetic, xp = operations.arithmetic, operations.xp
    constant, word, multiply = arithmetic.constant, arithmetic.word, arithmetic.multiply
    one, eight = constant(1), constant(8)
    positive = m >= constant(HALF)
    # |k| of k = 2 m + 1 - 2^24, which is odd
    k = xp.where(positive, m - constant(HALF), constant(HALF - 1) - m)
    k = (k << one) | one
    inner = k < constant(HALF)
    place = xp.where(inner, k, constant(table.edge) - k)

    exponent = operations.exponent(place)
    # The place with its leading one as bit 23, and the same as bit 31.
    leading = place << (constant(23) - exponent)
    octave = exponent * constant(PER_OCTAVE) + ((leading >> constant(PIECE_BITS)) & constant(63))
    outer = octave + constant(MIDDLE) - constant(table.first_octave * PER_OCTAVE)
    piece = xp.where(inner, k >> constant(MIDDLE_BITS), outer)
    # How far into the piece, as a fraction of 32 bits: the outer ones run the other way.
    within = (constant((1 << PIECE_BITS) - 1) - leading) & constant((1 << PIECE_BITS) - 1)
    across = xp.where(
        inner,
        (k & constant((1 << MIDDLE_BITS) - 1)) << constant(32 - MIDDLE_BITS),
        within << constant(32 - PIECE_BITS),
    )
    c0_high, c0_low, c1, c2, c3, c4 = (operations.words(c, piece) for c in table.columns)
    inner_sum = c3 + multiply(across, c4)[0]
    inner_sum = c2 + multiply(across, inner_sum)[0]
    slope = c1 + ((multiply(across, inner_sum)[0] + constant(32)) >> constant(6))
    high, low = multiply(across, slope)
    step = word(high << constant(22)) | (low >> constant(10))
    ratio_low = word(c0_low + step)
    ratio_high = c0_high + (high >> constant(10)) + _carry(arithmetic, ratio_low, step)

    # z is k times the ratio: the upper 64 bits of the product of 32 and 64.
    factor = xp.where(inner, leading, k) << eight
    top, rest = multiply(factor, ratio_high)
    below = multiply(factor, ratio_low)[0]
    rest = word(rest + below)
    top = top + _carry(arithmetic, rest, below)

    missing = sum(xp.astype(top < constant(1 << bits), top.dtype) for bits in (31, 30, 29))
    mantissa = word(top << missing) | ((rest >> one) >> (constant(31) - missing))
    rounded = (mantissa >> eight) + ((mantissa >> constant(7)) & one)
    size = xp.where(inner, exponent, constant(23)) + constant(3) - missing
    return rounded, size, positive


def _carry(arithmetic: Any, total: Any, term: Any) -> Any:
    """1 where a sum of words has wrapped."""
    return arithmetic.xp.astype(total < term, total.dtype)
