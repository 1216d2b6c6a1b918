"""Logarithms of random numbers, for what a model keeps as a logarithm."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from agnostic_init.arrays.errors import must
from agnostic_init.arrays.numbers import real_number
from agnostic_init.draws.distributions import check_uniform
from agnostic_init.draws.elementary import log
from agnostic_init.initializers.computed import OfUniform

__all__ = ["log_of_uniform"]

NARROWEST = 2.0**-40  # that an interval may be, as a part of its upper end


@dataclass(frozen=True, repr=False)
class log_of_uniform(OfUniform):
    """The logarithm of a uniform on [low, high), times a factor.

    For what is positive and uniform, and which a model keeps as its logarithm: the rates of Mamba-2,
    the time constants of gates (see `chrono`).

    Parameters
    ----------
    low, high
        The interval of the uniform, with ``0 <= low < high``.
    factor
        What the logarithm is multiplied with; -1 for that of the reciprocal.

    Notes
    -----
    The uniform is the middle of a step of stream v1, so its logarithm is finite for ``low=0`` too.
    Values are the same in every library, but for keys that JAX traces, where they are to rounding.

    Examples
    --------
    >>> import numpy as np
    >>> import agnostic_init as ai
    >>> a_log = ai.log_of_uniform(1, 16)((4,), key=0)  # A_log of Mamba-2
    >>> np.exp(a_log).round(3)
    array([3.338, 7.198, 6.137, 1.05 ], dtype=float32)
    """

    linear: ClassVar[tuple[str, ...]] = ("factor",)
    distribution: ClassVar[str] = "logarithm of a uniform"

    low: float
    high: float
    factor: float = 1.0

    def __post_init__(self) -> None:
        low, high = check_uniform(self.low, self.high)
        if low < 0:
            raise must("low", "must not be negative", self.low)
        factor = real_number("factor", self.factor)
        if not factor:
            raise must("factor", "must not be zero", self.factor, "ai.zeros()")
        if low / high > 1.0 - NARROWEST:
            raise must("high", f"must be well above `low`, which is {low!r}", self.high)
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)
        object.__setattr__(self, "factor", factor)

    def law(self, xp: Any, u: Any) -> Any:
        ratio = self.low / self.high
        smallest = max(ratio, 2.0**-60)
        made = log(xp, u * (1.0 - ratio) + ratio, smallest) + math.log(self.high)
        return made * self.factor

    def moments(self) -> tuple[float, float]:
        ratio = self.low / self.high
        if ratio > 0.5:  # where the closed form is the difference of numbers that are nearly equal
            return super().moments()
        # With t = log x, E t^n is the integral of t^n e^t, over the width.
        t = math.log(ratio) if ratio else 0.0
        width = 1.0 - ratio
        mean = (ratio * (1.0 - t) - 1.0) / width
        square = (2.0 - ratio * (t * t - 2.0 * t + 2.0)) / width
        spread = math.sqrt(square - mean * mean)
        return self.factor * (mean + math.log(self.high)), abs(self.factor) * spread
