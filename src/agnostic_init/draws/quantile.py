"""The normal quantile of an odd integer: parameters for any bounds, computed once in Python.

A draw gives an odd integer ``k``, ``|k| < 2^b``, that stands for the probability ``1/2 + k 2^-(b+1)``.
On bounds [a, b] the probability of its value is the affine image of that, and z its quantile.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np

from agnostic_init.draws.record import Central, Tail

__all__ = ["modulus_std", "quantile", "truncated_moments", "truncated_std"]

# Bounds further out, or closer together, lose their moments in the unit sigma.
HUGE, TINY = 7.5e8, 1e-150
FAR = 30.0  # beyond this many sigmas the tail's probability is kept relative to the nearer bound's


@functools.lru_cache(maxsize=1024)
def quantile(lower: float, upper: float, bits: int) -> Central | Tail:
    """The quantile on [lower, upper], in sigmas, of odd integers below 2^bits.

    >>> quantile(-math.inf, math.inf, 24)
    Central(middle=0.0, step=2.9802322387695312e-08, left=0.0, right=0.0)
    """
    half_units = 2.0 ** (bits + 1)
    if lower >= FAR or upper <= -FAR:
        near, far = (lower, upper) if lower > 0 else (-upper, -lower)
        # Q(far) / Q(near) = exp(-(far^2 - near^2) / 2) M(far) / M(near), M the Mills ratio
        exponent = -0.5 * (far - near) * (far + near)
        if far < math.inf:
            exponent += math.log(_mills(far) / _mills(near))
        return Tail(
            near, math.exp(exponent), -math.expm1(exponent) / half_units, 1.0 if lower > 0 else -1.0
        )
    below, above = _tail(-lower), _tail(upper)
    return Central((below - above) / 2, _probability(lower, upper) / half_units, below, above)


def truncated_std(lower: float, upper: float) -> float:
    """Standard deviation of a standard normal on [lower, upper].

    >>> truncated_std(-2.0, 2.0)
    0.8796256610342398
    """
    return truncated_moments(lower, upper)[1]


@functools.lru_cache(maxsize=1024)
def truncated_moments(lower: float, upper: float) -> tuple[float, float]:
    """Mean and standard deviation of a standard normal on [lower, upper]."""
    weight = _probability(lower, upper)
    if weight > 0.05:
        phi_lower, phi_upper = _density(lower), _density(upper)
        first = (phi_lower - phi_upper) / weight
        edges = (lower * phi_lower if phi_lower else 0.0) - (
            upper * phi_upper if phi_upper else 0.0
        )
        return first, math.sqrt(1.0 + edges / weight - first * first)
    if abs(lower) > abs(upper):
        mean, std = truncated_moments(-upper, -lower)
        return -mean, std
    # Moments about the nearer bound, of the density relative to that there, on the part that has
    # all the weight: without cancellation, in far tails and in narrow bands.
    reach = 45.0 / max(lower, 1.0)
    span = min(upper - lower, reach)
    if not span > 0.0:  # bounds that are one number, or infinite
        return lower, 0.0
    if lower > HUGE or span < TINY:
        unit, width = span, 1.0
    else:
        unit, width = 1.0, min(upper, lower + reach) - lower

    def moment(power: int) -> float:
        def weighted(x: float) -> float:
            return x**power * math.exp(-unit * x * (lower + 0.5 * unit * x))

        return _integral(weighted, 0.0, width)

    total, first, second = moment(0), moment(1), moment(2)
    mean = first / total
    return lower + unit * mean, unit * math.sqrt(second / total - mean * mean)


def modulus_std(bound: float) -> float:
    """Standard deviation of a complex standard normal, ``E|z|^2 = 1``, of a modulus up to `bound`.

    >>> round(modulus_std(2.0), 6)
    0.961962
    """
    square = bound * bound
    if square < 1e-6:
        return bound * math.sqrt(0.5 - square / 12.0)
    if square > 700.0:
        return 1.0
    return math.sqrt(1.0 - square * math.exp(-square) / -math.expm1(-square))


def _tail(z: float) -> float:
    return 0.5 * math.erfc(z / math.sqrt(2.0))


def _density(z: float) -> float:
    return math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)


def _probability(lower: float, upper: float) -> float:
    """Of a standard normal to be in [lower, upper], without cancellation."""
    if lower <= 0.0 <= upper:
        return 0.5 * (math.erf(upper / math.sqrt(2.0)) - math.erf(lower / math.sqrt(2.0)))
    if upper - lower < 1.0:
        return _integral(_density, lower, upper)
    near, far = (lower, upper) if lower > 0 else (-upper, -lower)
    return _tail(near) - _tail(far)


def _mills(z: float) -> float:
    """Q(z) / phi(z) by Laplace's continued fraction, for z >= 30."""
    value = z
    for n in range(20, 0, -1):
        value = z + n / value
    return 1.0 / value


def _integral(function: Callable[[float], float], lower: float, upper: float) -> float:
    """By Gauss and Legendre with 20 nodes on each of 16 panels."""
    nodes, weights = np.polynomial.legendre.leggauss(20)
    width = (upper - lower) / 16
    return math.fsum(
        float(w) * 0.5 * width * function(lower + width * (panel + 0.5 * (1.0 + float(x))))
        for panel in range(16)
        for x, w in zip(nodes, weights, strict=True)
    )
