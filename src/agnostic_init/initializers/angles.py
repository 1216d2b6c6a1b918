"""Cosines and sines of the angles that positions have, right however far away the positions are."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from agnostic_init.draws.elementary import cos_sin_turns

__all__ = ["cos_and_sin", "turns_of"]

PIECE = 1 << 14  # angles
TWO_PI = "6.28318530717958647692528676655900576839433879875021164194988918461563281"


def turns_of(base: float, pairs: Any, count: float) -> Any:
    """Of pairs of channels, by how many turns each goes in one position: two numbers, to be added."""
    found = [_turn(base, pair, float(count)) for pair in pairs.reshape(-1).tolist()]
    return np.array(found).reshape(*pairs.shape, 2)


@functools.lru_cache(maxsize=1 << 14)
def _turn(base: float, pair: float, count: float) -> tuple[float, float]:
    """``base^(-pair / count) / 2π``, to twice the digits of a float."""
    from decimal import Context, Decimal

    exact = Context(prec=45)
    exponent = exact.divide(exact.minus(Decimal(pair)), Decimal(count))
    turn = exact.divide(exact.power(Decimal(base), exponent), Decimal(TWO_PI))
    high = float(turn)
    return high, float(exact.subtract(turn, Decimal(high)))


def cos_and_sin(positions: Any, turns: Any) -> tuple[Any, Any]:
    """Of the angles at positions, by exactly rounded operations, piece by piece in the cache.

    Whole turns are taken off the exact product, so that angles far away are as right as near ones.
    """
    shape = np.broadcast_shapes(positions.shape, turns.shape[:-1])
    place, high, low = (
        np.broadcast_to(each, shape).reshape(-1)
        for each in (positions, turns[..., 0], turns[..., 1])
    )
    both = np.empty((2, place.size))
    for start in range(0, place.size, PIECE):
        piece = slice(start, start + PIECE)
        product, error = _product(place[piece], high[piece])
        turned = (product - np.rint(product)) + (error + place[piece] * low[piece])
        cosine, sine = cos_sin_turns(np, np.abs(turned))
        both[:, piece] = cosine, np.where(turned < 0.0, -sine, sine)
    return both[0].reshape(shape), both[1].reshape(shape)


def _product(one: Any, other: Any) -> tuple[Any, Any]:
    """The product rounded, and what that leaves out, by Dekker's algorithm."""
    product = one * other
    (high, low), (more, less) = _halves(one), _halves(other)
    return product, ((high * more - product) + high * less + low * more) + low * less


def _halves(x: Any) -> tuple[Any, Any]:
    """Two numbers of 26 bits each that add up to one of 53, by Veltkamp's split."""
    carried = x * 134217729.0
    high = carried - (carried - x)
    return high, x - high
