"""Expectations over Gaussian variables of functions that are smooth but for kinks and jumps.

Equidistant midpoints: of a smooth function their sum is right to rounding, of one with a kink to
1e-5, of one with a jump to 1e-3. What is symmetric about zero, as the ReLU's, is right there too.
That is less than the quadrature of ``gains/`` reaches, and faster, most so where there is a kink.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from agnostic_init.arrays.values import Record

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from agnostic_init.study.nonlinearity import Nonlinearity

__all__ = ["Moments", "covariance", "moments"]

END = 9.0  # standard deviations


def _midpoints(number: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    step = 2 * END / number
    z = np.asarray((np.arange(number) - (number - 1) / 2) * step, np.float64)
    density = np.asarray(np.exp(-0.5 * z * z), np.float64)
    return z, density / density.sum()


Z, DENSITY = _midpoints(6000)
COARSE, COARSE_DENSITY = _midpoints(180)


class Moments(Record):
    """Of an activation f of a Gaussian variable h: E f(h), E f(h)^2 and E f'(h)^2."""

    mean: float
    square: float
    slope: float


def moments(activation: Nonlinearity, mean: float, variance: float) -> Moments:
    """The moments of an activation of a variable with that mean and variance.

    Examples
    --------
    >>> from agnostic_init.study.nonlinearity import nonlinearity
    >>> [round(each, 6) for each in moments(nonlinearity("relu"), 0.0, 4.0)[1:]]
    [2.0, 0.5]
    """
    h = mean + math.sqrt(variance) * Z
    with np.errstate(all="ignore"):
        f, slope = activation.function(h), activation.derivative(h)
        terms = f, np.square(f), np.square(slope)
        return Moments(*(float(DENSITY @ each) for each in terms))


def covariance(activation: Nonlinearity, mean: float, variance: float, correlation: float) -> float:
    """E f(a) f(b) of two variables with that mean, variance and correlation.

    Examples
    --------
    >>> from agnostic_init.study.nonlinearity import nonlinearity
    >>> round(covariance(nonlinearity("linear"), 0.0, 2.0, 0.25), 6)
    0.5
    """
    c = min(max(correlation, -1.0), 1.0)
    std = math.sqrt(variance)
    first = mean + std * COARSE
    second = mean + std * (c * COARSE[:, None] + math.sqrt(1 - c * c) * COARSE[None, :])
    with np.errstate(all="ignore"):
        inner = activation.function(second) @ COARSE_DENSITY
        return float((COARSE_DENSITY * activation.function(first)) @ inner)
