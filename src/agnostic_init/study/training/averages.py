"""Exponentially weighted averages, and the correction of their bias."""

from __future__ import annotations

from typing import Any

import numpy as np

from agnostic_init.arrays.errors import must, must_be_type
from agnostic_init.arrays.numbers import real_number

__all__ = ["averaged", "checked_beta", "exponentially_weighted_averages", "without_bias"]


def exponentially_weighted_averages(
    values: Any, beta: float = 0.9, *, corrected: bool = True
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The running averages ``v_t = beta v_(t-1) + (1 - beta) x_t`` of a series, from ``v_0 = 0``.

    The last ``1 / (1 - beta)`` values or so count. As it begins at zero, the average is too small
    at first: its weights sum to ``1 - beta^t``. Corrected, it is divided by that.

    Parameters
    ----------
    values
        Numbers, or arrays of one shape, in their order; or an array of NumPy's, along whose first
        axis is averaged.
    beta
        What remains of the average in a step, in [0, 1).
    corrected
        Whether the bias of the beginning is corrected.

    Returns
    -------
    numpy.ndarray
        The averages after each value, float64, of the shape of `values`.

    Raises
    ------
    ParameterError
        If `beta` is not in [0, 1).
    ParameterTypeError
        If `values` are no numbers, or not several.

    References
    ----------
    Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015, section 3.

    Examples
    --------
    >>> exponentially_weighted_averages([1.0, 1.0, 1.0], 0.5, corrected=False).tolist()
    [0.5, 0.75, 0.875]
    >>> exponentially_weighted_averages([1.0, 1.0, 1.0], 0.5).tolist()
    [1.0, 1.0, 1.0]
    """
    rate = checked_beta("beta", beta)
    try:
        series = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        raise must_be_type("values", "must be numbers, or arrays of one shape", values) from None
    if series.ndim == 0:
        raise must_be_type("values", "must be several, along a first axis", values, "[x]")
    made = np.empty_like(series)
    average = np.zeros(series.shape[1:])
    for step, value in enumerate(series, start=1):
        average = averaged(average, value, rate)
        made[step - 1] = without_bias(average, rate, step) if corrected else average
    return made


def averaged(average: Any, value: Any, beta: float) -> Any:
    """The average after one more value; arrays of any library."""
    return beta * average + (1.0 - beta) * value


def without_bias(average: Any, beta: float, step: int) -> Any:
    """The average after so many values, divided by the sum of its weights."""
    return average / (1.0 - beta**step)


def checked_beta(name: str, value: Any) -> float:
    """What remains of an average in a step, or an error that names the parameter."""
    beta = real_number(name, value)
    if not 0.0 <= beta < 1.0:
        raise must(name, "must be in [0, 1)", value, "0.9")
    return beta
