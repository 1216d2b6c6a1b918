"""Student's t, central and not: probabilities, quantiles, and the power of a test."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np

from agnostic_init.arrays.errors import must
from agnostic_init.arrays.numbers import real_number

__all__ = [
    "checked_level",
    "noncentral_probability",
    "noncentrality",
    "power_of",
    "probability",
    "quantile",
]

NODES = 600  # of the quadrature below
FAR = 12.0  # standard deviations of what is integrated over
TINY = 1e-300
ROOT2 = math.sqrt(2.0)


def probability(t: float, freedom: float) -> float:
    """The probability that Student's t is beyond `t` on either side.

    Examples
    --------
    >>> round(probability(2.776445, 4), 6)
    0.05
    """
    if math.isinf(t):
        return 0.0
    return _incomplete_beta(freedom / (freedom + t * t), 0.5 * freedom, 0.5)


@functools.lru_cache(maxsize=1024)
def quantile(level: float, freedom: float) -> float:
    """The t beyond which, on either side, lies a probability of `level`.

    Examples
    --------
    >>> round(quantile(0.05, 4), 6)
    2.776445
    """
    high = 2.0
    while probability(high, freedom) > level:
        high *= 2.0
    return _root(lambda t: level - probability(t, freedom), 0.0, high)


def noncentral_probability(t: float, freedom: float, center: float) -> float:
    """The probability that ``(Z + center) / sqrt(V / freedom)`` is at most `t`.

    Z is standard normal and V chi-squared; integrated over ``sqrt(V / freedom)``.
    """
    scales, weights = _scales(freedom)
    return min(1.0, sum(w * _normal(t * s - center) for s, w in zip(scales, weights, strict=True)))


def power_of(center: float, freedom: float, level: float) -> float:
    """The probability that a test of `level`, on both sides, sees what moves t to `center`.

    Examples
    --------
    Two groups of 20, one standard deviation apart, as in the help of R's ``power.t.test`` (strict):

    >>> round(power_of(10**0.5, 38, 0.05), 6)
    0.868953
    """
    beyond = quantile(level, freedom)
    above = noncentral_probability(-beyond, freedom, -abs(center))
    return min(1.0, above + noncentral_probability(-beyond, freedom, abs(center)))


def noncentrality(t: float, freedom: float, below: float) -> float:
    """The center for which a t of at most this has probability `below`."""
    reach = abs(t) + 10.0 + abs(t) * 10.0 / math.sqrt(freedom)
    return _root(lambda c: below - noncentral_probability(t, freedom, c), -reach, reach)


def checked_level(name: str, value: object) -> float:
    """A probability between 0 and 1, or an error that names the parameter."""
    number = real_number(name, value)
    if not 0.0 < number < 1.0:
        raise must(name, "must be between 0 and 1", value)
    return number


def _normal(z: float) -> float:
    return 0.5 * math.erfc(-z / ROOT2)


@functools.lru_cache(maxsize=256)
def _scales(freedom: float) -> tuple[list[float], list[float]]:
    """Nodes and weights of an integral over the density of ``sqrt(chi-squared / freedom)``.

    The trapezoidal rule over the logarithm, on which the density is smooth and falls off fast.
    """
    spread = FAR / math.sqrt(2.0 * freedom)
    low, high = -spread - 36.0 / freedom, min(spread, 2.5)
    y, step = np.linspace(low, high, NODES, retstep=True)
    constant = math.log(2.0) + 0.5 * freedom * math.log(0.5 * freedom) - math.lgamma(0.5 * freedom)
    density = np.exp(constant + freedom * y - 0.5 * freedom * np.exp(2.0 * y))
    counts = density > 1e-18 * density.max()
    return np.exp(y[counts]).tolist(), (step * density[counts]).tolist()


def _incomplete_beta(x: float, a: float, b: float) -> float:
    """The regularized incomplete beta function, by its continued fraction (DLMF 8.17.22)."""
    if x <= 0.0 or x >= 1.0:
        return float(x >= 1.0)
    if x > (a + 1.0) / (a + b + 2.0):
        return 1.0 - _incomplete_beta(1.0 - x, b, a)
    front = a * math.log(x) + b * math.log1p(-x) - math.log(a)
    front += math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    c, d = 1.0, 1.0 / (1.0 - (a + b) * x / (a + 1.0))
    fraction = d
    for m in range(1, 10_000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            c = 1.0 + term / c
            d = 1.0 / ((1.0 + term * d) or TINY)
            c = c or TINY
            fraction *= c * d
        if abs(c * d - 1.0) < 1e-15:
            break
    return math.exp(front) * fraction


def _root(rising: Callable[[float], float], low: float, high: float) -> float:
    """Where a rising function is zero, by halving."""
    for _ in range(200):
        middle = 0.5 * (low + high)
        if high - low <= 1e-13 * max(1.0, abs(middle)):
            break
        low, high = (low, middle) if rising(middle) > 0 else (middle, high)
    return 0.5 * (low + high)
