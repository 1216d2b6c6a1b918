"""float64 as IEEE 754 rounds it, in integers: for devices on which XLA has none, or one of its own.

On TPUs XLA makes float64 of several float32, whose sums and quotients are rounded otherwise. These
numbers are integers of 64 bits with an exponent and a sign, so that the reference's own operations
give its bits there too. None of them may become infinite or subnormal: `fits` says of which draws
that holds.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from agnostic_init.draws import reference
from agnostic_init.draws.elementary import SQRT_HALF, log, polynomial
from agnostic_init.draws.record import Central, Draw

__all__ = ["evaluate_in_integers", "fits"]

LEAST = 2.0**-1000  # of a draw's numbers: what is made of them is far within float64
DIGITS = 53
ZERO = -(1 << 20)  # the exponent of 0, below all others
FLOAT64 = object()  # the dtype, as the reference asks for it
Parts = tuple[Any, Any, Any]  # whether it is negative, the exponent, and the digits


def fits(draw: Draw) -> bool:
    """Whether all that the reference computes for a draw is 0 or a normal number.

    Normals of which no place is within 30 sigmas are left out: they take some 50 divisions.
    """
    if draw.bits == DIGITS or draw.kind == "bits":
        return False
    if draw.kind == "quantile" and not isinstance(draw.quantile, Central):
        return False
    numbers = (draw.scale, draw.shift, draw.shift_imag, *(draw.quantile or ()), *draw.radii)
    return all(not number or abs(number) >= LEAST for number in numbers)


def evaluate_in_integers(draw: Draw, words: list[Any]) -> Any:
    """As `reference.evaluate`, to the bit, for what `fits`."""
    return reference.evaluate(draw, _Namespace, jnp.float32, FLOAT64, words, _quantile)


def _quantile(draw: Draw, xp: Any, m: Any) -> Any:
    """As `reference.quantile_of`, by one quotient of polynomials, whose coefficients are chosen."""
    q, limit = draw.quantile, 2.0**draw.bits
    assert isinstance(q, Central)
    k = (m - limit / 2) * 2.0 + 1.0
    central = k * q.step + q.middle
    left = central < 0.0
    p = xp.where(left, limit + k, limit - k) * q.step
    r = xp.sqrt(-log(xp, p + xp.where(left, q.left, q.right), q.smallest))
    in_tail, far = abs(central) > reference.CENTRAL_LIMIT, r > reference.NEAR_LIMIT
    shift = xp.where(far, -reference.NEAR_LIMIT, -reference.NEAR_SHIFT)
    x = xp.where(in_tail, r + shift, reference.CENTRAL_SQUARE - central * central)
    top, bottom = (
        polynomial(
            x,
            tuple(
                xp.where(in_tail, xp.where(far, *of_tail), center)
                for center, *of_tail in zip(
                    reference.CENTER[n],
                    reference.FAR_TAIL[n],
                    reference.NEAR_TAIL[n],
                    strict=True,
                )
            ),
        )
        for n in (0, 1)
    )
    found = xp.where(in_tail, top, central * top) / bottom
    return xp.where(in_tail & left, -found, found)


class _Float64:
    """An array of numbers ``+-digits * 2^exponent``, whose 53 digits begin with a 1, or are all 0."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts

    def __add__(self, other: Any) -> _Float64:
        return _Float64(_sum(*self.parts, *_of(other)))

    def __sub__(self, other: Any) -> _Float64:
        return self + -_as_float64(other)

    def __rsub__(self, other: float) -> _Float64:
        return -self + other

    def __mul__(self, other: Any) -> _Float64:
        return _Float64(_product(*self.parts, *_of(other)))

    def __truediv__(self, other: Any) -> _Float64:
        return _Float64(_quotient(*self.parts, *_of(other)))

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self) -> _Float64:
        negative, exponent, digits = self.parts
        return _Float64((~negative, exponent, digits))

    def __abs__(self) -> _Float64:
        negative, exponent, digits = self.parts
        return _Float64((jnp.zeros_like(negative), exponent, digits))

    def __lt__(self, other: Any) -> Any:
        return _less(*self.parts, *_of(other))

    def __gt__(self, other: Any) -> Any:
        return _less(*_of(other), *self.parts)

    def __eq__(self, other: object) -> Any:
        return ~(self < other) & ~(self > other)

    __hash__ = None  # type: ignore[assignment]


class _Namespace:
    """What the reference asks of an array library."""

    rounds_roots = True

    @staticmethod
    def astype(array: Any, dtype: Any) -> Any:
        if isinstance(array, _Float64):
            return _rounded_to_float32(*array.parts)
        made = _of_float32 if array.dtype == jnp.float32 else _of_words
        return _Float64(made(array)) if dtype is FLOAT64 else array.astype(dtype)

    @staticmethod
    def where(condition: Any, one: Any, other: Any) -> Any:
        kinds = {type(one), type(other)}
        if _Float64 not in kinds and kinds != {float}:  # of float32, also the numbers
            one, other = (np.float32(x) if isinstance(x, float) else x for x in (one, other))
            return jnp.where(condition, one, other)
        pairs = zip(_of(one), _of(other), strict=True)
        negative, exponent, digits = (jnp.where(condition, *pair) for pair in pairs)
        return _Float64((negative, exponent, digits))

    @staticmethod
    def sqrt(array: _Float64) -> _Float64:
        return _Float64(_root(*array.parts))

    @staticmethod
    def exponent_and_rest(array: _Float64) -> tuple[_Float64, _Float64]:
        """``n`` and x of ``2^n x``, with x from sqrt(1/2) to sqrt(2), of positive numbers."""
        negative, exponent, digits = array.parts
        upper = digits >= _constant(SQRT_HALF)[2]
        size = exponent + (DIGITS - 1) + upper.astype(jnp.int32)
        found = _of_words(jnp.abs(size).astype(jnp.uint32))
        rest = jnp.where(upper, -DIGITS, 1 - DIGITS).astype(jnp.int32)
        return _Float64((size < 0, *found[1:])), _Float64((negative, rest, digits))

    @staticmethod
    def floor(array: _Float64) -> _Float64:
        return _Float64(_floor(*array.parts))


def _as_float64(number: Any) -> _Float64:
    return number if isinstance(number, _Float64) else _Float64(_constant(float(number)))


def _of(number: Any) -> Parts:
    return _as_float64(number).parts


def _constant(number: float) -> Parts:
    fraction, exponent = math.frexp(number)
    digits = np.uint64(int(abs(fraction) * (1 << DIGITS)))
    return (
        np.bool_(math.copysign(1.0, number) < 0.0),
        np.int32(exponent - DIGITS if number else ZERO),
        digits,
    )


def _once(function: Callable[..., Any]) -> Callable[..., Any]:
    """Traced once for each combination of shapes, as there are hundreds of calls in a program."""
    return functools.wraps(function)(jax.jit(function))


@_once
def _sum(n1: Any, e1: Any, d1: Any, n2: Any, e2: Any, d2: Any) -> Parts:
    first = (e1 > e2) | ((e1 == e2) & (d1 >= d2))
    exponent = jnp.where(first, e1, e2)
    larger, smaller = jnp.where(first, d1, d2) << 10, jnp.where(first, d2, d1) << 10
    apart = jnp.minimum(exponent - jnp.where(first, e2, e1), 63).astype(jnp.uint64)
    moved = smaller >> apart
    lost = ((moved << apart) != smaller).astype(jnp.uint64)
    total = jnp.where(n1 == n2, larger + moved, larger - moved - lost) | lost
    leading = _leading_zeros(total)
    exponent, digits = _rounded(exponent + 1 - leading, total << leading.astype(jnp.uint64))
    negative = jnp.where(digits == 0, n1 & n2, jnp.where(first, n1, n2))
    return negative, exponent, digits


@_once
def _product(n1: Any, e1: Any, d1: Any, n2: Any, e2: Any, d2: Any) -> Parts:
    mask = np.uint64((1 << 32) - 1)
    low1, high1, low2, high2 = d1 & mask, d1 >> 32, d2 & mask, d2 >> 32
    lowest = low1 * low2
    middle = (lowest >> 32) + low1 * high2 + high1 * low2
    high, low = high1 * high2 + (middle >> 32), (middle << 32) | (lowest & mask)
    # Of the 105 or 106 digits the first 63 or 64, and whether there are others.
    total = (high << 22) | (low >> 42) | ((low << 22) != 0).astype(jnp.uint64)
    short = np.uint64(1) - (total >> 63)
    exponent, digits = _rounded(e1 + e2 + 53 - short.astype(jnp.int32), total << short)
    return n1 ^ n2, exponent, digits


@_once
def _quotient(n1: Any, e1: Any, d1: Any, n2: Any, e2: Any, d2: Any) -> Parts:
    inverse = 1.0 / _about(jnp.maximum(d2, 1))
    found = (d1 >= d2).astype(jnp.uint64)
    rest = d1 - found * d2
    for _ in range(5):  # of 11 digits each
        rest = rest << 11
        guess = (_about(rest) * inverse).astype(jnp.uint32).astype(jnp.uint64)
        rest = rest - guess * d2
        below = rest >> 63  # the guess was one too many
        rest = rest + below * d2
        above = (rest >= d2).astype(jnp.uint64)
        rest = rest - above * d2
        found = (found << 11) + guess - below + above
    total = (found << 8) | (rest != 0).astype(jnp.uint64)
    short = np.uint64(1) - (total >> 63)
    exponent, digits = _rounded(e1 - e2 - 52 - short.astype(jnp.int32), total << short)
    return n1 ^ n2, exponent, digits


@_once
def _root(negative: Any, exponent: Any, digits: Any) -> Parts:
    odd = exponent & 1
    total = digits << (10 + odd).astype(jnp.uint64)
    # Of the first 44 digits, 22 of the root; then some more of it at a time.
    root = jnp.sqrt(_about(total >> 20)).astype(jnp.uint32).astype(jnp.uint64)
    root, rest = _corrected(*_corrected(root, (total >> 20) - root * root))
    following = total & np.uint64((1 << 20) - 1)
    for more, others in ((10, following), (10, 0), (10, 0), (5, 0)):
        root, rest = root << more, (rest << 2 * more) + others
        guess = (_about(rest) / _about(root << 1)).astype(jnp.uint32).astype(jnp.uint64)
        root, rest = _corrected(root + guess, rest - guess * ((root << 1) + guess))
    total = (root << 7) | (rest != 0).astype(jnp.uint64)
    half, found = _rounded(((exponent - odd) >> 1) - 26, total)
    return negative, jnp.where(digits == 0, ZERO, half), jnp.where(digits == 0, 0, found)


def _corrected(root: Any, rest: Any) -> tuple[Any, Any]:
    """A root that is one too many or too few, and what its square leaves."""
    below = rest >> 63
    rest, root = rest + below * ((root << 1) - np.uint64(1)), root - below
    above = ((rest >> 63 == 0) & (rest > root << 1)).astype(jnp.uint64)
    return root + above, rest - above * ((root << 1) + np.uint64(1))


@_once
def _floor(negative: Any, exponent: Any, digits: Any) -> Parts:
    """Of numbers that are not negative."""
    below = jnp.clip(-exponent, 0, DIGITS).astype(jnp.uint64)
    whole = (digits >> below) << below
    return negative, jnp.where(whole == 0, ZERO, exponent), whole


@_once
def _less(n1: Any, e1: Any, d1: Any, n2: Any, e2: Any, d2: Any) -> Any:
    nearer = (e1 < e2) | ((e1 == e2) & (d1 < d2))
    further = (e2 < e1) | ((e1 == e2) & (d2 < d1))
    alike = jnp.where(n1, further, nearer)
    return jnp.where(n1 == n2, alike, n1 & ((d1 > 0) | (d2 > 0)))


@_once
def _rounded_to_float32(negative: Any, exponent: Any, digits: Any) -> Any:
    least = -126
    size = exponent + DIGITS - 1
    below = jnp.clip(DIGITS - 24 + jnp.maximum(least - size, 0), 0, 63).astype(jnp.uint64)
    kept = digits >> below
    rest = digits - (kept << below)
    half = np.uint64(1) << (below - np.uint64(1))
    up = (rest > half) | ((rest == half) & ((kept & np.uint64(1)) == 1))
    kept = (kept + up.astype(jnp.uint64)).astype(jnp.uint32)
    # The first of the digits adds one to the exponent, where it is there.
    bits = (jnp.clip(size - least, 0, 254).astype(jnp.uint32) << 23) + kept
    bits = jnp.where(size > 127, np.uint32(0xFF << 23), bits)
    return jax.lax.bitcast_convert_type(bits | (negative.astype(jnp.uint32) << 31), jnp.float32)


@_once
def _of_float32(array: Any) -> Parts:
    bits = jax.lax.bitcast_convert_type(array, jnp.uint32)
    field = (bits >> 23) & 0xFF
    digits = (bits & ((1 << 23) - 1)) + jnp.where(field > 0, np.uint32(1 << 23), np.uint32(0))
    _, exponent, digits = _of_words(digits)
    moved = exponent + jnp.maximum(field, 1).astype(jnp.int32) - 150
    return (bits >> 31) == 1, jnp.where(digits == 0, ZERO, moved), digits


@_once
def _of_words(words: Any) -> Parts:
    leading = _leading_zeros(words.astype(jnp.uint64))
    digits = (words.astype(jnp.uint64) << leading.astype(jnp.uint64)) >> 11
    return jnp.zeros_like(words, bool), jnp.where(digits == 0, ZERO, 11 - leading), digits


def _rounded(exponent: Any, total: Any) -> tuple[Any, Any]:
    """The first 53 of 64 digits, of which the last says whether anything lies below it."""
    digits, rest = total >> 11, total & np.uint64(2047)
    up = (rest > 1024) | ((rest == 1024) & ((digits & np.uint64(1)) == 1))
    digits = digits + up.astype(jnp.uint64)
    over = digits >> DIGITS
    exponent = jnp.where(digits == 0, ZERO, exponent + over.astype(jnp.int32))
    return exponent, digits >> over


def _leading_zeros(total: Any) -> Any:
    """0 to 63 of 64 bits; of 0, 63."""
    high, low = (total >> 32).astype(jnp.uint32), total.astype(jnp.uint32)
    found = jnp.where(high > 0, jax.lax.clz(high), 32 + jax.lax.clz(low))
    return jnp.minimum(found, 63).astype(jnp.int32)


def _about(total: Any) -> Any:
    """In float32, to some 2^-22 of itself, of which no more is asked than a guess."""
    high, low = (total >> 32).astype(jnp.uint32), total.astype(jnp.uint32)
    return high.astype(jnp.float32) * 2.0**32 + low.astype(jnp.float32)
