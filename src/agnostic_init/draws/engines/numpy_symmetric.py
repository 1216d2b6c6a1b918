"""The standard normal and the one at two sigmas in NumPy, in fewer operations than the reference's.

Every one of their values is further from the middle between two float32 than this evaluation errs,
the library's own logarithm included; the exhaustive test of this kernel holds that.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from agnostic_init.draws.engines.numpy_quantile import NEAR, finish, number, rational
from agnostic_init.draws.quantile import Central, quantile
from agnostic_init.draws.record import Draw
from agnostic_init.draws.reference import CENTER, CENTRAL_LIMIT, CENTRAL_SQUARE, NEAR_SHIFT

__all__ = ["PROVEN", "SymmetricPass"]

PROVEN = (quantile(-math.inf, math.inf, 24), quantile(-2.0, 2.0, 24))
# (word << 8) ^ FLIP is 128 k as a signed integer.
UNIT = 128
LIMIT = number(float(UNIT << 24))
BYTE, FLIP = number(8, np.uint32), number(0x80000080, np.uint32)
# Wichura's c P(x) / Q(x) with c, and x as its square, in a measure that makes both leading
# coefficients one and the factor before the fraction too, which saves their multiplications.
MEASURE = CENTER[0][-1] / CENTER[1][-1]
SQUARE = number(CENTRAL_SQUARE * MEASURE**2)
MONIC = tuple(
    [number(row[n] / row[-1] * MEASURE ** (14 - 2 * n)) for n in range(6, -1, -1)] for row in CENTER
)


class SymmetricPass:
    """Quantiles that `PROVEN` lists, of words of 24 bits."""

    def __init__(self, draw: Draw, most: int) -> None:
        assert isinstance(draw.quantile, Central)
        assert draw.quantile in PROVEN
        step = draw.quantile.step
        self.draw, self.left = draw, draw.quantile.left
        self.step, self.factor = step / UNIT, number(step / UNIT * MEASURE)
        edge = int(CENTRAL_LIMIT / step) * UNIT
        self.edge, self.width = number(edge, np.uint32), number(2 * edge, np.uint32)
        self.scratch = np.empty((4, most))
        self.place = np.empty(most, np.uint32)

    def __call__(self, words: Any, out: Any) -> None:
        n = out.size
        central, x, top, bottom = self.scratch[:, :n]
        single = out if out.dtype == np.float32 else np.empty(n, np.float32)
        # The words are not needed again.
        k = np.left_shift(words[0], BYTE, words[0])
        np.bitwise_xor(k, FLIP, k)
        np.copyto(central, k.view(np.int32))
        np.multiply(central, self.factor, central)
        np.multiply(central, central, x)
        np.subtract(SQUARE, x, x)
        for value, (second, *rest) in zip((top, bottom), MONIC, strict=True):
            np.add(x, second, value)
            for coefficient in rest:
                np.multiply(value, x, value)
                np.add(value, coefficient, value)
        np.multiply(top, central, top)
        np.divide(top, bottom, top)
        np.copyto(single, top, casting="same_kind")
        place = np.add(k, self.edge, self.place[:n])
        (in_tail,) = (place > self.width).nonzero()
        if in_tail.size:
            single[in_tail] = self._tail(k.view(np.int32).take(in_tail))
        finish(self.draw, single, out)

    def _tail(self, k: Any) -> Any:
        """z of 128 k; none here is beyond Wichura's nearer tail."""
        signed = k.astype(np.float64)
        x = np.abs(signed)
        np.subtract(LIMIT, x, x)
        x *= self.step
        x += self.left
        np.log(x, x)
        np.negative(x, x)
        np.sqrt(x, x)
        x -= NEAR_SHIFT
        top = rational(x, NEAR, np.empty((2, k.size)))
        np.copysign(top, signed, top)
        return top.astype(np.float32)
