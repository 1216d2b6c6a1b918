"""The linear recurrent unit: eigenvalues on a ring."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from agnostic_init.arrays.errors import must
from agnostic_init.arrays.numbers import real_number
from agnostic_init.draws.elementary import log
from agnostic_init.initializers.computed import OfUniform
from agnostic_init.initializers.logarithmic import log_of_uniform

__all__ = ["lru_nu_log", "lru_theta_log"]

LEAST = 1e-100  # of the outer radius


@dataclass(frozen=True, repr=False)
class lru_nu_log(OfUniform):
    """The parameter ``nu_log`` of the linear recurrent unit, by which eigenvalues lie on a ring.

    The modulus of an eigenvalue is ``exp(-exp(nu_log))``. With u uniform on [0, 1), it is
    ``log(-1/2 log(u (r_max^2 - r_min^2) + r_min^2))``, which makes the eigenvalues uniform, by area,
    on the ring between the two radii.

    Parameters
    ----------
    r_min, r_max
        The radii, with ``0 <= r_min < r_max <= 1``.

    Notes
    -----
    ``theta_log``, of the phases, is `lru_theta_log`. The normalization ``gamma_log`` is a function of
    the moduli that were drawn, and no initializer of its own:
    ``gamma_log = log(-expm1(-2 * exp(nu_log))) / 2``. Where a model keeps the eigenvalues themselves,
    with phases all around, they are ``uniform(r_min, r_max)`` of a complex dtype.

    References
    ----------
    Orvieto, Smith, Gu, Fernando, Gulcehre, Pascanu, De, "Resurrecting recurrent neural networks for
    long sequences", ICML 2023, arXiv:2303.06349, lemma 3.2 and appendix A.

    Examples
    --------
    >>> import numpy as np
    >>> import agnostic_init as ai
    >>> modulus = np.exp(-np.exp(ai.lru_nu_log(0.9, 0.999)(1000, key=0)))
    >>> bool(modulus.min() > 0.8999 and modulus.max() < 0.9991)
    True
    """

    distribution: ClassVar[str] = "logarithms of a ring"

    r_min: float = 0.0
    r_max: float = 1.0

    def __post_init__(self) -> None:
        r_min, r_max = real_number("r_min", self.r_min), real_number("r_max", self.r_max)
        if not 0.0 <= r_min < 1.0:
            raise must("r_min", "must be in [0, 1)", self.r_min)
        if not r_min < r_max <= 1.0:
            rule = f"must be above `r_min`, which is {r_min!r}, and at most 1"
            raise must("r_max", rule, self.r_max)
        if r_max < LEAST:
            raise must("r_max", f"must be at least {LEAST:g}", self.r_max)
        object.__setattr__(self, "r_min", r_min)
        object.__setattr__(self, "r_max", r_max)

    def law(self, xp: Any, u: Any) -> Any:
        inner, width = self.r_min**2, (self.r_max - self.r_min) * (self.r_max + self.r_min)
        square, smallest = u * width + inner, max(inner, width * 2.0**-60)
        if self.r_max == 1.0:  # whose logarithm has none itself
            square = xp.where(square < 1.0, square, xp.full_like(square, 1.0 - 2.0**-53))
        rate = log(xp, square, smallest) * -0.5
        most = math.ldexp(1.0, math.frexp(-math.log(smallest))[1])
        return log(xp, rate / most, 2.0**-56 / most) + math.log(most)


def lru_theta_log(max_phase: float = 2 * math.pi) -> log_of_uniform:
    """The parameter ``theta_log`` of the linear recurrent unit: the logarithm of U(0, max_phase).

    Parameters
    ----------
    max_phase
        The largest phase of an eigenvalue, at most 2 pi; small ones are for long sequences.

    References
    ----------
    Orvieto, Smith, Gu, Fernando, Gulcehre, Pascanu, De, "Resurrecting recurrent neural networks for
    long sequences", ICML 2023, arXiv:2303.06349, lemma 3.2 and appendix A.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.lru_theta_log(0.314)
    log_of_uniform(low=0.0, high=0.314, factor=1.0)
    """
    number = real_number("max_phase", max_phase)
    if not 0.0 < number <= 2.0 * math.pi + 1e-9:
        raise must("max_phase", "must be positive and at most 2 pi", max_phase)
    return log_of_uniform(0.0, number)
