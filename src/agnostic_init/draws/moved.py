"""``unit * scale + shift`` as float64 rounds it, in integers of 32 bits alone.

The product of two float32 has 48 bits; its sum with a third is rounded to the 53 of float64, and that
to the 24 of float32. Both roundings are made here, on numbers of 64 bits in two words, with a flag that
says whether anything lies below those.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

__all__ = ["can_be_moved", "moved"]

LEAST_SCALE, LEAST_SHIFT = 2.0**-56, 2.0**-100  # with smaller ones a sum may be subnormal
BIAS = 1024  # of exponents, so that they are words
UNIT = -47  # the exponent of the last digit of a unit draw of size 0
POWERS = 2.0 ** np.arange(-126, 128).astype(np.float32)


class _Pair(NamedTuple):
    """Numbers of 64 bits: arrays of words."""

    high: Any
    low: Any


def can_be_moved(scale: float, *shifts: float) -> bool:
    """Whether `moved` is right for a scale and shifts, of which some may be 0."""
    moves = [abs(shift) for shift in shifts if shift]
    return not moves or (scale >= LEAST_SCALE and min(moves) >= LEAST_SHIFT)


def moved(
    operations: Any, digits: Any, size: Any, positive: Any, scale: float, shift: float
) -> Any:
    """``unit * scale + shift`` in float32, of units ``+-digits * 2^(size - 47)``.

    Parameters
    ----------
    operations
        Of the library, as `agnostic_init.draws.without_float64` has them.
    digits
        Words from 2^23 to 2^24.
    size
        Words below 64.
    positive
        Truth values: the signs.
    scale, shift
        Numbers of float32, not 0, that `can_be_moved` says yes to.
    """
    arithmetic, xp = operations.arithmetic, operations.xp
    constant = arithmetic.constant
    of_scale, last_of_scale = _digits(scale)
    of_shift, last_of_shift = _digits(abs(shift))
    # Their highest bits are at place 61 or 62 of 0 to 63, so that there is room for the sum.
    product = _to_left(arithmetic, _Pair(*arithmetic.multiply(of_scale, digits)), constant(15))
    addend = _Pair(constant(of_shift << 7), constant(0))
    last_of_product, last_of_addend = UNIT + last_of_scale - 15, last_of_shift - 39
    # By how much the last bit of the product is above that of the other.
    apart = max(128 - BIAS, min(BIAS, last_of_product - last_of_addend))
    zero, level, most = constant(0), constant(BIAS), constant(63)
    ahead = size + constant(apart + BIAS)
    leads = ahead > level
    above = xp.where(leads, ahead - level, zero)
    below = level - xp.where(leads, level, ahead)
    addend, some_of_addend = _to_right(operations, addend, xp.where(above > most, most, above))
    product, some_of_product = _to_right(operations, product, xp.where(below > most, most, below))
    lost = some_of_addend | some_of_product

    alike = positive if shift > 0 else ~positive
    greater = (product.high > addend.high) | (
        (product.high == addend.high) & (product.low >= addend.low)
    )
    # What was lost is of the smaller one.
    difference = _difference(
        arithmetic,
        _chosen(xp, greater, product, addend),
        _chosen(xp, greater, addend, product),
        xp.astype(lost, arithmetic.dtype),
    )
    found = _chosen(xp, alike, _sum(arithmetic, product, addend), difference)
    negative = xp.where(alike | greater, ~positive, positive)

    inside = found.high > zero
    top = operations.highest(xp.where(inside, found.high, found.low))
    leading = constant(31) - top + xp.where(inside, zero, constant(32))
    rounded = _rounded(operations, _to_left(arithmetic, found, leading), lost)
    # The first of the 64 bits has this exponent.
    exponent = xp.where(
        leads,
        size + constant(last_of_product + 63 + BIAS),
        constant(last_of_addend + 63 + BIAS),
    )
    exponent = exponent - leading
    least = constant(BIAS - 126)
    place = xp.where(exponent < least, zero, exponent - least)  # of 0, which has no exponent
    value = xp.astype(rounded, xp.float32) * 2.0**-23 * operations.take(POWERS, place)
    return xp.where(negative & (rounded > zero), -value, value)


def _digits(number: float) -> tuple[int, int]:
    """The 24 digits of a number of float32, and the exponent of the last one."""
    fraction, exponent = math.frexp(number)
    return int(fraction * (1 << 24)), exponent - 24


def _chosen(xp: Any, where: Any, one: _Pair, other: _Pair) -> _Pair:
    return _Pair(xp.where(where, one.high, other.high), xp.where(where, one.low, other.low))


def _to_left(arithmetic: Any, pair: _Pair, by: Any) -> _Pair:
    """A number times 2^by, for `by` from 0 to 63, mod 2^64."""
    xp, constant, word = arithmetic.xp, arithmetic.constant, arithmetic.word
    rest, far = by & constant(31), by >= constant(32)
    high = xp.where(far, pair.low, pair.high)
    low = xp.where(far, constant(0), pair.low)
    # No word is shifted by 32 places, which libraries disagree on.
    carried = (low >> constant(1)) >> (constant(31) - rest)
    return _Pair(word(high << rest) | carried, word(low << rest))


def _to_right(operations: Any, pair: _Pair, by: Any) -> tuple[_Pair, Any]:
    """A number divided by 2^by, rounded down, and whether that has lost anything."""
    arithmetic, xp = operations.arithmetic, operations.xp
    constant, word = arithmetic.constant, arithmetic.word
    zero, rest, far = constant(0), by & constant(31), by >= constant(32)
    high, low = xp.where(far, zero, pair.high), xp.where(far, pair.high, pair.low)
    lost = xp.where(far, pair.low, zero) | word((low << (constant(31) - rest)) << constant(1))
    carried = word((high << (constant(31) - rest)) << constant(1))
    return _Pair(high >> rest, (low >> rest) | carried), lost > zero


def _sum(arithmetic: Any, one: _Pair, other: _Pair) -> _Pair:
    low = arithmetic.word(one.low + other.low)
    return _Pair(one.high + other.high + arithmetic.xp.astype(low < one.low, low.dtype), low)


def _difference(arithmetic: Any, one: _Pair, other: _Pair, less: Any) -> _Pair:
    """``one - other - less``, which is not negative but where nothing was lost."""
    xp, word = arithmetic.xp, arithmetic.word
    between = word(one.low - other.low)
    low = word(between - less)
    borrowed = xp.astype(one.low < other.low, low.dtype) + xp.astype(between < less, low.dtype)
    return _Pair(word(one.high - other.high - borrowed), low)


def _rounded(operations: Any, pair: _Pair, lost: Any) -> Any:
    """A number whose highest bit is set, with anything below it or not: of 53 digits, then of 24.

    A word of up to 2^24; 0 of 0.
    """
    arithmetic, xp = operations.arithmetic, operations.xp
    constant, word = arithmetic.constant, arithmetic.word
    zero, half, unit = constant(0), constant(1 << 10), constant(1 << 11)
    rest = pair.low & constant((1 << 11) - 1)
    odd = (pair.low & unit) > zero
    up = (rest > half) | ((rest == half) & (lost | odd))
    kept = pair.low - rest
    low = word(kept + xp.where(up, unit, zero))
    carry = xp.astype(low < kept, low.dtype)
    high = word(pair.high + carry)
    over = high < carry  # 2^64

    half, unit = constant(1 << 7), constant(1 << 8)
    rest = high & constant((1 << 8) - 1)
    odd = (high & unit) > zero
    up = (rest > half) | ((rest == half) & ((low > zero) | odd))
    digits = (high >> constant(8)) + xp.astype(up, high.dtype)
    return xp.where(over, constant(1 << 24), digits)
