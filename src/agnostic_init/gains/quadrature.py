"""Expectations over a standard normal variable, to ten digits, of functions that may have kinks.

Panels of Gauss-Legendre nodes are halved where the halves disagree with the whole. A function that
is smooth but for kinks and jumps needs some forty halvings at each of these, wherever they are.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["NotIntegrableError", "mean", "mean_square_slope"]

Array: TypeAlias = NDArray[np.float64]

#: Beyond this many standard deviations the density is below 1e-43; the panels between it and
#: `_END` are there to notice a function that grows faster than the density falls.
_TAIL = 14.0
_END = 16.0
_WIDTH = 0.25
# Moves the edges of panels away from round numbers. A slope is taken inside of panels, and would
# miss a jump that lies on an edge.
_OFF_THE_GRID = 0.0897
_NODES = 12
# Enough for a kink; few enough that no edge is rounded onto a jump, which would hide it.
_MAX_HALVINGS = 44
_MAX_ROUGH = 4096
_PANEL_TOLERANCE = 1e-12
_TOTAL_TOLERANCE = 1e-9


class NotIntegrableError(ArithmeticError):
    """The quadrature did not converge."""


_X, _W = np.polynomial.legendre.leggauss(_NODES)


def _differentiation_matrix(x: Array) -> Array:
    # The derivative, at the nodes, of the polynomial through the values there (barycentric form).
    gaps = x[:, None] - x[None, :]
    np.fill_diagonal(gaps, 1.0)
    weights = 1 / gaps.prod(axis=1)
    matrix = weights[None, :] / weights[:, None] / gaps
    np.fill_diagonal(matrix, 0.0)
    np.fill_diagonal(matrix, -matrix.sum(axis=1))
    return np.asarray(matrix)


_D = _differentiation_matrix(_X)


def mean(function: Callable[[Array], Array]) -> float:
    """Return E f(z) for z ~ N(0, 1).

    Parameters
    ----------
    function
        Maps an array of any shape elementwise.

    Raises
    ------
    NotIntegrableError
        If nine digits are not reached.

    Examples
    --------
    >>> round(mean(lambda z: np.maximum(z, 0) ** 2), 12)
    0.5
    """
    return _integrate(lambda nodes, _: function(nodes), 0.0)


def mean_square_slope(function: Callable[[Array], Array]) -> float:
    """Return E f'(z)^2 for z ~ N(0, 1), from values of f alone.

    The polynomial through the nodes of each panel is differentiated. Unlike a difference quotient
    that needs no step: a kink is closed in by halving, and a jump, where the expectation is
    infinite, does not converge.

    Raises
    ------
    NotIntegrableError
        If nine digits are not reached.

    Examples
    --------
    >>> round(mean_square_slope(lambda z: np.maximum(z, 0)), 9)
    0.5
    """

    def integrand(nodes: Array, half: Array) -> Array:
        values = function(nodes)
        # From differences, so that a constant has the slope zero and not that of its rounding.
        slope = (values - values[:, :1]) @ _D.T / half[:, None]
        return np.asarray(slope * slope)

    return _integrate(integrand, _OFF_THE_GRID)


def _integrate(integrand: Callable[[Array, Array], Array], shift: float) -> float:
    def over(left: Array, right: Array) -> Array:
        half = (right - left) / 2
        nodes = ((left + right) / 2)[:, None] + half[:, None] * _X
        density = np.exp(-0.5 * nodes * nodes) / math.sqrt(2 * math.pi)
        return np.asarray((integrand(nodes, half) * density) @ _W * half)

    edges = np.arange(-_END, _END + _WIDTH / 2, _WIDTH) + shift
    left, right = edges[:-1], edges[1:]
    whole = over(left, right)
    in_tail = (left < -_TAIL) | (right > _TAIL)
    if not np.abs(whole[in_tail]).sum() <= 1e-10 * np.abs(whole).sum():
        raise NotIntegrableError("it grows too fast")

    total = size = error = 0.0
    for _ in range(_MAX_HALVINGS):
        middle = (left + right) / 2
        first, second = over(left, middle), over(middle, right)
        better = first + second
        errors = np.abs(better - whole)
        tolerance = _PANEL_TOLERANCE * (size + np.abs(better).sum())
        rough = ~(errors <= tolerance)
        if rough.sum() > _MAX_ROUGH:
            raise NotIntegrableError("too rough or too noisy")
        total += float(better[~rough].sum())
        size += float(np.abs(better[~rough]).sum())
        error += float(errors[~rough].sum())
        left, right, whole = (
            np.concatenate([left[rough], middle[rough]]),
            np.concatenate([middle[rough], right[rough]]),
            np.concatenate([first[rough], second[rough]]),
        )
        if not rough.any():
            break
    total += float(whole.sum())
    error += float(errors[rough].sum())
    if not error <= _TOTAL_TOLERANCE * size:
        raise NotIntegrableError("no convergence: a singularity, a jump, or noise")
    return total
