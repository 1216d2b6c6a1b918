"""The normal quantile of 24 bits in NumPy, in place: the reference's operations in its order."""

from __future__ import annotations

from typing import Any

import numpy as np

from agnostic_init.draws.elementary import ARTANH, LN2, SQRT_HALF, polynomial
from agnostic_init.draws.engines.storage import store
from agnostic_init.draws.quantile import Central
from agnostic_init.draws.record import Draw
from agnostic_init.draws.reference import (
    CENTER,
    CENTRAL_LIMIT,
    CENTRAL_SQUARE,
    FAR_TAIL,
    NEAR_LIMIT,
    NEAR_SHIFT,
    NEAR_TAIL,
)

__all__ = ["NEAR", "QuantilePass", "finish", "number", "rational"]

LIMIT = 1 << 24


def number(value: float, dtype: Any = np.float64) -> Any:
    """A constant as NumPy takes it fastest: an array of no axes."""
    return np.array(value, dtype)


# Of numerator and denominator, the highest power first
MIDDLE, NEAR, FAR = (
    tuple([number(coefficient) for coefficient in row[::-1]] for row in rows)
    for rows in (CENTER, NEAR_TAIL, FAR_TAIL)
)


class QuantilePass:
    """Quantiles with a central part, of words of 24 bits."""

    def __init__(self, draw: Draw, most: int) -> None:
        assert isinstance(draw.quantile, Central)
        self.draw, self.quantile = draw, draw.quantile
        self.scratch = np.empty((2, 2, most))

    def __call__(self, words: Any, out: Any) -> None:
        q, n = self.quantile, out.size
        k = (words[0] & np.uint32(LIMIT - 1)).view(np.int32)
        k <<= 1
        k += 1 - LIMIT
        central, square = self.scratch[0, :, :n]
        np.multiply(k, q.step, out=central)
        if q.middle:
            central += q.middle
        np.multiply(central, central, out=square)
        np.subtract(CENTRAL_SQUARE, square, out=square)
        top = rational(square, MIDDLE, self.scratch[1, :, :n], central)
        np.abs(central, out=square)
        in_tail = np.flatnonzero(square > CENTRAL_LIMIT)
        if in_tail.size:
            top[in_tail] = self._tails(k[in_tail], central[in_tail])
        single = out if out.dtype == np.float32 else np.empty(n, np.float32)
        np.copyto(single, top, casting="same_kind")
        finish(self.draw, single, out)

    def _tails(self, k: Any, central: Any) -> Any:
        q = self.quantile
        left = central < 0.0
        from_edge = np.where(left, LIMIT + k, LIMIT - k).astype(np.float64)
        from_edge *= q.step
        if q.left or q.right:
            from_edge += np.where(left, q.left, q.right)
        r = np.sqrt(-_log(from_edge))
        top = rational(r - NEAR_SHIFT, NEAR, np.empty((2, r.size)))
        far = np.flatnonzero(r > NEAR_LIMIT)
        if far.size:
            top[far] = rational(r[far] - NEAR_LIMIT, FAR, np.empty((2, far.size)))
        return np.where(left, -top, top)


def finish(draw: Draw, values: Any, out: Any) -> None:
    """Scale, shift, clip and store standard values, which are overwritten."""
    direct = out.dtype == np.float32
    target = out if direct else values
    if draw.shift == 0.0:
        np.multiply(values, np.float32(draw.scale), out=target)
    else:
        wide = values.astype(np.float64)
        wide *= draw.scale
        wide += draw.shift
        np.copyto(target, wide, casting="same_kind")
    if draw.clips:
        np.clip(target, draw.low, draw.high, out=target)
    if not direct:
        store(draw.dtype, target, out)


def rational(x: Any, rows: Any, out: Any, factor: Any = None) -> Any:
    """A fraction of polynomials by Horner's rule, times a factor; `out` is room for both."""
    top, bottom = out
    for value, (first, second, *rest) in zip(out, rows, strict=True):
        np.multiply(x, first, value)
        np.add(value, second, value)
        for coefficient in rest:
            np.multiply(value, x, value)
            np.add(value, coefficient, value)
    if factor is not None:
        np.multiply(top, factor, top)
    return np.divide(top, bottom, top)


def _log(x: Any) -> Any:
    """As `elementary.log`, with the exponent taken from the number itself."""
    fraction, exponent = np.frexp(x)
    small = fraction < SQRT_HALF
    fraction = np.where(small, fraction * 2.0, fraction)
    exponent -= small
    s = (fraction - 1.0) / (fraction + 1.0)
    return exponent * LN2 + s * polynomial(s * s, ARTANH)
