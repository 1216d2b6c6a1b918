"""Compiled kernels for the normal quantile: the reference's operations, in its order.

Each stage is a loop that compilers turn into vector instructions. The center's rational function is
evaluated for all elements; those in a tail are then picked out without branches and done again.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from agnostic_init.draws import reference as r
from agnostic_init.draws.elementary import ARTANH, LN2, SQRT_HALF

__all__ = ["central", "tail"]

LIMIT, SQUARE = r.CENTRAL_LIMIT, r.CENTRAL_SQUARE
NEAR_LIMIT, NEAR_SHIFT = r.NEAR_LIMIT, r.NEAR_SHIFT
BELOW_ONE = np.int64(np.float64(SQRT_HALF).view(np.int64))
MANTISSA_BITS = np.int64(52)


def _polynomial(coefficients: tuple[float, ...]) -> Any:
    """Horner's rule with eight coefficients, written out for the vectorizer."""
    c0, c1, c2, c3, c4, c5, c6, c7 = coefficients

    @njit(nogil=True, error_model="numpy", inline="always")
    def polynomial(x: Any) -> Any:
        return ((((((x * c7 + c6) * x + c5) * x + c4) * x + c3) * x + c2) * x + c1) * x + c0

    return polynomial


CENTER_TOP, CENTER_BOTTOM = map(_polynomial, r.CENTER)
NEAR_TOP, NEAR_BOTTOM = map(_polynomial, r.NEAR_TAIL)
FAR_TOP, FAR_BOTTOM = map(_polynomial, r.FAR_TAIL)
A0, A1, A2 = ARTANH[:3]
SERIES = _polynomial(ARTANH[3:])


@njit(nogil=True, error_model="numpy", inline="always")
def _minus_log(x: Any) -> Any:
    """Of a normal positive number: its mantissa in [sqrt(1/2), sqrt(2)) and its exponent."""
    bits = np.float64(x).view(np.int64)
    exponent = (bits - BELOW_ONE) >> MANTISSA_BITS
    f = np.int64(bits - (exponent << MANTISSA_BITS)).view(np.float64)
    s = (f - 1.0) / (f + 1.0)
    t = s * s
    return -(np.float64(exponent) * LN2 + s * (((SERIES(t) * t + A2) * t + A1) * t + A0))


@njit(nogil=True, error_model="numpy")
def central(k: Any, n: Any, limit: Any, parameters: Any, scratch: Any, index: Any, z: Any) -> None:
    """z of odd integers `k` below `limit`, for a `Central` of the parameters' first four."""
    middle, unit = parameters[0], parameters[1]
    if abs(middle) - limit * unit > LIMIT:
        _tails(k, n, limit, parameters, scratch, z)
        return
    for i in range(n):
        c = k[i] * unit + middle
        square = SQUARE - c * c
        z[i] = c * CENTER_TOP(square) / CENTER_BOTTOM(square)
    tails = 0
    for i in range(n):
        index[tails] = i
        tails += abs(k[i] * unit + middle) > LIMIT
    own, values = scratch[2], scratch[3]
    for j in range(tails):
        own[j] = k[index[j]]
    _tails(own, tails, limit, parameters, scratch, values)
    for j in range(tails):
        z[index[j]] = values[j]


@njit(nogil=True, error_model="numpy")
def _tails(k: Any, n: Any, limit: Any, parameters: Any, scratch: Any, z: Any) -> None:
    """The same where all are in a tail."""
    middle, unit, left, right = parameters[0], parameters[1], parameters[2], parameters[3]
    sign, x = scratch[0], scratch[1]
    for j in range(n):
        lower = k[j] * unit + middle < 0.0
        edge = limit + k[j] if lower else limit - k[j]
        x[j] = math.sqrt(_minus_log(edge * unit + (left if lower else right)))
        sign[j] = -1.0 if lower else 1.0
    far = 0
    for j in range(n):
        far += x[j] > NEAR_LIMIT
    if far < n:
        for j in range(n):
            near = x[j] - NEAR_SHIFT
            z[j] = sign[j] * (NEAR_TOP(near) / NEAR_BOTTOM(near))
    if far:
        for j in range(n):
            beyond = x[j] - NEAR_LIMIT
            value = sign[j] * (FAR_TOP(beyond) / FAR_BOTTOM(beyond))
            z[j] = value if x[j] > NEAR_LIMIT else z[j]


@njit(nogil=True, error_model="numpy", inline="always")
def _inverse_mills(z: Any) -> Any:
    value = z
    for n in range(r.MILLS_TERMS, 0, -1):
        value = n / value + z
    return value


@njit(nogil=True, error_model="numpy", inline="always")
def _moved(bound: Any, excess: Any) -> Any:
    """A bound whose square overflows is its own result, as the reference sees to by hand."""
    root = math.sqrt(excess * 2.0 + bound * bound)
    return excess * 2.0 / (root + bound) + bound


@njit(nogil=True, error_model="numpy")
def tail(k: Any, n: Any, limit: Any, parameters: Any, z: Any) -> None:
    """z of odd integers `k` below `limit`, for a `Tail` of the parameters' first four."""
    bound, ratio = parameters[0], parameters[1]
    unit, sign = parameters[2], parameters[3]
    at_bound = _inverse_mills(bound)
    for i in range(n):
        rest = (limit - sign * k[i]) * unit + ratio
        s = _minus_log(rest)
        excess = s
        for _ in range(r.MILLS_ITERATIONS):
            other = _inverse_mills(_moved(bound, excess))
            part = (other - at_bound) / (other + at_bound)
            t = part * part
            excess = s - part * (((t * (2.0 / 7.0) + 0.4) * t + 2.0 / 3.0) * t + 2.0)
        z[i] = _moved(bound, excess) * sign
