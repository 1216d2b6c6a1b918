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

__all__ = ["CENTER_PAIRS", "NEAR_PAIRS", "QuantilePass", "finish", "rational"]

LIMIT = 1 << 24
CENTER_PAIRS, NEAR_PAIRS, FAR_PAIRS = (
    np.array(rational).T[:, :, None] for rational in (CENTER, NEAR_TAIL, FAR_TAIL)
)


class QuantilePass:
    """Quantiles with a central part, of words of 24 bits."""

    def __init__(self, draw: Draw, most: int) -> None:
        assert isinstance(draw.quantile, Central)
        self.draw, self.quantile = draw, draw.quantile
        self.scratch = np.empty((2, 2, most))
        self.single = np.empty(most, np.float32)

    def __call__(self, words: Any, out: Any) -> None:
        q, n = self.quantile, out.size
        k = np.bitwise_and(words[0], LIMIT - 1, dtype=words[0].dtype).astype(np.int32)
        k <<= 1
        k += 1 - LIMIT
        central, square = self.scratch[0, :, :n]
        fraction = self.scratch[1, :, :n]
        np.multiply(k, q.step, out=central)
        if q.middle:
            central += q.middle
        np.multiply(central, central, out=square)
        np.subtract(CENTRAL_SQUARE, square, out=square)
        rational(square, CENTER_PAIRS, fraction)
        top, bottom = fraction
        top *= central
        top /= bottom
        np.abs(central, out=square)
        in_tail = np.flatnonzero(square > CENTRAL_LIMIT)
        if in_tail.size:
            top[in_tail] = self._tails(k[in_tail], central[in_tail])
        single = self.single[:n]
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
        top, bottom = rational(r - NEAR_SHIFT, NEAR_PAIRS, np.empty((2, r.size)))
        top /= bottom
        far = np.flatnonzero(r > NEAR_LIMIT)
        if far.size:
            x = r[far] - NEAR_LIMIT
            numerator, denominator = rational(x, FAR_PAIRS, np.empty((2, x.size)))
            top[far] = numerator / denominator
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


def rational(x: Any, pairs: Any, out: Any) -> Any:
    """Numerator and denominator by Horner's rule, both in one array to halve the calls."""
    np.multiply(x, pairs[-1], out=out)
    out += pairs[-2]
    for pair in pairs[-3::-1]:
        out *= x
        out += pair
    return out


def _log(x: Any) -> Any:
    """As `elementary.log`, with the exponent taken from the number itself."""
    fraction, exponent = np.frexp(x)
    small = fraction < SQRT_HALF
    fraction = np.where(small, fraction * 2.0, fraction)
    exponent -= small
    s = (fraction - 1.0) / (fraction + 1.0)
    return exponent * LN2 + s * polynomial(s * s, ARTANH)
