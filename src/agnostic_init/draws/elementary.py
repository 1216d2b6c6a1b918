"""Logarithm, exponential, sine and cosine of nothing but exactly rounded operations.

A library's own may differ in the last bit between its vector loop and the remainder of that loop,
so that a value would depend on where in a chunk it falls. These give every library the same bits,
to about 3e-16 relative. Addition, multiplication and the division of arrays are exactly rounded
everywhere; a square root is not, in torch on CPUs.
"""

from __future__ import annotations

import math
from typing import Any

__all__ = [
    "ARTANH",
    "LN2",
    "SQRT_HALF",
    "cos_sin_turns",
    "exp",
    "exp_minus_one",
    "log",
    "polynomial",
    "square_root",
]

LN2 = math.log(2.0)
SQRT_HALF = math.sqrt(0.5)
# 2 artanh(s) = 2 s (1 + s^2/3 + s^4/5 + ...); |s| <= 0.1716 makes the term after the last 3e-17.
ARTANH = tuple(2.0 / (2 * n + 1) for n in range(11))
# (e^r - 1) / r; |r| <= 0.3466 makes the term after the last 7e-18.
EXPONENTIAL = tuple(1.0 / math.factorial(n + 1) for n in range(13))
# ln 2 in two parts, the first with so few bits that its product with an exponent is exact.
LN2_HIGH = float.fromhex("0x1.62e42feep-1")
LN2_LOW = float.fromhex("0x1.a39ef35793c76p-33")
SINE = tuple((-1) ** n / math.factorial(2 * n + 1) for n in range(9))
COSINE = tuple((-1) ** n / math.factorial(2 * n) for n in range(9))


def log(xp: Any, x: Any, smallest: float) -> Any:
    """Natural logarithm of float64 numbers in [`smallest`, 1], smallest > 2^-1022.

    The numbers are brought into [sqrt(1/2), sqrt(2)) by powers of two, chosen by comparisons, as
    the standard has no way to an exponent; a namespace that has one says so.
    """
    if hasattr(xp, "exponent_and_rest"):
        exponent, x = xp.exponent_and_rest(x)
        return exponent * LN2 + _log_near_one(x)
    exponent = xp.zeros_like(x)
    shift = 1 << (max(1, 1 - math.frexp(smallest)[1]).bit_length() - 1)
    while shift:
        small = x < SQRT_HALF * 2.0 ** (1 - shift)
        x = xp.where(small, x * 2.0**shift, x)
        exponent = xp.where(small, exponent - float(shift), exponent)
        shift //= 2
    return exponent * LN2 + _log_near_one(x)


def _log_near_one(x: Any) -> Any:
    s = (x - 1.0) / (x + 1.0)
    square = s * s
    return s * polynomial(square, ARTANH)


def exp(xp: Any, x: Any, most: float) -> Any:
    """Exponential of float64 numbers of magnitude up to `most`, which is at most 700."""
    exponent, fraction = _exponent_and_rest(xp, x)
    return (1.0 + fraction) * _power_of_two(xp, exponent, most / LN2 + 1.0)


def exp_minus_one(xp: Any, x: Any, most: float) -> Any:
    """``exp(x) - 1``, which is as precise near zero, of the same numbers."""
    exponent, fraction = _exponent_and_rest(xp, x)
    power = _power_of_two(xp, exponent, most / LN2 + 1.0)
    return fraction * power + (power - 1.0)


def _exponent_and_rest(xp: Any, x: Any) -> tuple[Any, Any]:
    """``n`` and ``f`` of ``exp(x) = 2^n (1 + f)``."""
    exponent = xp.floor(x * (1.0 / LN2) + 0.5)
    rest = (x - exponent * LN2_HIGH) - exponent * LN2_LOW
    return exponent, rest * polynomial(rest, EXPONENTIAL)


def _power_of_two(xp: Any, exponent: Any, most: float) -> Any:
    """``2^exponent`` of whole numbers, by comparisons, as the standard has no way to set an exponent."""
    power = xp.ones_like(exponent)
    shift = 1 << (int(most).bit_length() - 1)
    while shift:
        large, small = exponent >= float(shift), exponent <= -float(shift)
        power = xp.where(large, power * 2.0**shift, xp.where(small, power * 2.0**-shift, power))
        less = xp.where(large, exponent - float(shift), exponent)
        exponent = xp.where(small, exponent + float(shift), less)
        shift //= 2
    return power


def polynomial(x: Any, coefficients: tuple[float, ...]) -> Any:
    """``coefficients[0] + coefficients[1] x + ...`` by Horner's rule."""
    value = x * coefficients[-1] + coefficients[-2]
    for coefficient in coefficients[-3::-1]:
        value = value * x + coefficient
    return value


def square_root(xp: Any, x: Any) -> Any:
    """Square root of float64 numbers, rounded exactly whatever the library's own is.

    The remainder of the library's root is computed without error, by Veltkamp's split.
    """
    root = xp.sqrt(x)
    if getattr(xp, "rounds_roots", False):
        return root
    carried = root * 134217729.0
    high = carried - (carried - root)
    low = root - high
    square = root * root
    error = ((high * high - square) + high * low * 2.0) + low * low
    return root + ((x - square) - error) / xp.where(root > 0.0, root * 2.0, 1.0)


def cos_sin_turns(xp: Any, turns: Any) -> tuple[Any, Any]:
    """Cosine and sine of float64 angles in turns, in [0, 1)."""
    eighths = xp.floor(turns * 4.0 + 0.5)
    x = (turns - eighths * 0.25) * (2.0 * math.pi)
    square = x * x
    cosine, sine = polynomial(square, COSINE), x * polynomial(square, SINE)
    odd = (eighths == 1.0) | (eighths == 3.0)
    first, second = xp.where(odd, sine, cosine), xp.where(odd, cosine, sine)
    cos_negative = (eighths == 1.0) | (eighths == 2.0)
    sin_negative = (eighths == 2.0) | (eighths == 3.0)
    return xp.where(cos_negative, -first, first), xp.where(sin_negative, -second, second)
