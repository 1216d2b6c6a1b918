"""The time steps of state space models, as the bias that a model keeps them as."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from agnostic_init.arrays.errors import check_choice, must
from agnostic_init.arrays.numbers import real_number
from agnostic_init.draws.elementary import exp, exp_minus_one, log
from agnostic_init.initializers.computed import OfUniform

__all__ = ["dt_bias"]

ACTIVATIONS = ("softplus", "exp")
LEAST, MOST, ENOUGH = 1e-30, 500.0, 64.0  # of steps


@dataclass(frozen=True, repr=False)
class dt_bias(OfUniform):
    """The bias behind time steps that are log-uniform on [low, high): of Mamba, S4 and S4D.

    A step is ``exp(U(log low, log high))``, but at least `floor`. The bias is what the model's
    activation makes that step of.

    Parameters
    ----------
    low, high
        The shortest and the longest step.
    floor
        No step is shorter.
    activation
        "softplus", as in Mamba, whose inverse is ``dt + log(-expm1(-dt))``; "exp", as in S4 and S4D,
        which keep ``log_dt``.

    Notes
    -----
    Mamba's weight before this bias, of rank r, is ``uniform(-r**-0.5, r**-0.5)``, which is
    `torch_default`.

    References
    ----------
    Gu, Dao, "Mamba: linear-time sequence modeling with selective state spaces", 2023,
    arXiv:2312.00752, section 3.6; Gu, Goel, Ré, "Efficiently modeling long sequences with structured
    state spaces", ICLR 2022, arXiv:2111.00396.

    Examples
    --------
    >>> import numpy as np
    >>> import agnostic_init as ai
    >>> dt = np.logaddexp(0, ai.dt_bias()(1000, key=0))
    >>> bool(dt.min() > 0.00099 and dt.max() < 0.101)
    True
    """

    distribution: ClassVar[str] = "inverse of a log-uniform step"

    low: float = 1e-3
    high: float = 0.1
    floor: float = 1e-4
    activation: str = "softplus"

    def __post_init__(self) -> None:
        low, high = real_number("low", self.low), real_number("high", self.high)
        floor = real_number("floor", self.floor)
        check_choice("activation", self.activation, ACTIVATIONS)
        if low < LEAST:
            raise must("low", f"must be positive, and at least {LEAST:g}", self.low)
        if not low < high:
            raise must("high", f"must be more than `low`, which is {low!r}", self.high)
        if high > MOST:
            raise must("high", f"must be at most {MOST:g}", self.high)
        if not 0.0 <= floor < high:
            rule = f"must not be negative, and be less than `high`, which is {high!r}"
            raise must("floor", rule, self.floor)
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)
        object.__setattr__(self, "floor", floor)

    def law(self, xp: Any, u: Any) -> Any:
        first, last = math.log(self.low), math.log(self.high)
        logarithm = u * (last - first) + first
        if self.floor > self.low:
            least = math.log(self.floor)
            logarithm = xp.where(logarithm < least, xp.full_like(logarithm, least), logarithm)
        if self.activation == "exp":
            return logarithm
        step = exp(xp, logarithm, max(abs(first), abs(last)))
        # Beyond this many, exp(-dt) is nothing beside 1.
        some = xp.where(step > ENOUGH, xp.full_like(step, ENOUGH), step)
        smallest = -math.expm1(-min(max(self.low, self.floor), ENOUGH)) / 2.0
        return step + log(xp, -exp_minus_one(xp, -some, ENOUGH), smallest)
