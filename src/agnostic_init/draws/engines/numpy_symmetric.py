"""The standard normal and the one at two sigmas in NumPy, in fewer operations than the reference's.

Every one of their values is further from the middle between two float32 than this evaluation errs,
the library's own logarithm included; the exhaustive test of this kernel holds that.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from agnostic_init.draws.engines.numpy_quantile import CENTER_PAIRS, NEAR_PAIRS, finish, rational
from agnostic_init.draws.quantile import Central, quantile
from agnostic_init.draws.record import Draw
from agnostic_init.draws.reference import CENTRAL_LIMIT, CENTRAL_SQUARE, NEAR_SHIFT

__all__ = ["PROVEN", "SymmetricPass"]

LIMIT = 1 << 24
PROVEN = (quantile(-math.inf, math.inf, 24), quantile(-2.0, 2.0, 24))


class SymmetricPass:
    """Quantiles that `PROVEN` lists, of words of 24 bits."""

    def __init__(self, draw: Draw, most: int) -> None:
        assert isinstance(draw.quantile, Central)
        assert draw.quantile in PROVEN
        self.draw, self.step = draw, draw.quantile.step
        self.scratch = np.empty((2, 2, most))
        self.single = np.empty(most, np.float32)

    def __call__(self, words: Any, out: Any) -> None:
        n = out.size
        (central, square), fraction = self.scratch[:, :, :n]
        integers = np.bitwise_and(words[0], LIMIT - 1, dtype=np.uint32, casting="unsafe")
        # In float64: from -1/2 to 1/2, without error for the normal
        np.multiply(integers.view(np.int32), 2.0 * self.step, out=central)
        central += (1 - LIMIT) * self.step
        np.multiply(central, central, out=square)
        np.subtract(CENTRAL_SQUARE, square, out=square)
        top, bottom = rational(square, CENTER_PAIRS, fraction)
        top *= central
        top /= bottom
        np.abs(central, out=square)
        in_tail = np.flatnonzero(square > CENTRAL_LIMIT)
        if in_tail.size:
            top[in_tail] = np.copysign(_tail(square[in_tail]), central[in_tail])
        single = self.single[:n]
        np.copyto(single, top, casting="same_kind")
        finish(self.draw, single, out)


def _tail(distance: Any) -> Any:
    """z, at a distance of its probability from 1/2; no tail here is beyond Wichura's nearer one."""
    np.subtract(0.5, distance, out=distance)
    np.log(distance, out=distance)
    np.negative(distance, out=distance)
    np.sqrt(distance, out=distance)
    distance -= NEAR_SHIFT
    top, bottom = rational(distance, NEAR_PAIRS, np.empty((2, distance.size)))
    top /= bottom
    return top
