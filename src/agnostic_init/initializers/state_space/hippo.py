"""HiPPO: the matrices by which a state is the best polynomial for what has been put in."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from agnostic_init.arrays.errors import check_choice, must
from agnostic_init.arrays.numbers import real_number
from agnostic_init.initializers.computed import OfPlaces

__all__ = ["hippo", "hippo_input"]

MEASURES = ("legs", "legt")


class _Legendre(OfPlaces):
    """A subclass is a frozen dataclass with the fields `measure` and `window`."""

    measure: str
    window: float

    def __post_init__(self) -> None:
        check_choice("measure", self.measure, MEASURES)
        window = real_number("window", self.window)
        if window <= 0:
            raise must("window", "must be positive", self.window)
        if self.measure == "legs" and window != 1.0:
            rule = "must be 1 for measure 'legs', which remembers all that has been"
            raise must("window", rule, self.window, "measure='legt'")
        object.__setattr__(self, "window", window)


@dataclass(frozen=True, repr=False)
class hippo(_Legendre):
    """The state matrix A of HiPPO, of ``x' = A x + B u``.

    With N states, and n and k from 0 to N - 1, as S4 and what came after write it, the minus sign
    inside of A.

    "legs", scaled Legendre, for all of the past: ``-sqrt((2n+1)(2k+1))`` below the diagonal,
    ``-(n+1)`` on it, and 0 above. Its eigenvalues are -1, -2, ..., -N.

    "legt", translated Legendre, for a window of the past: ``-sqrt((2n+1)(2k+1)) / window`` on and
    below the diagonal, and that times ``(-1)^(n-k)`` above.

    Parameters
    ----------
    measure
        "legs" or "legt".
    window
        The length of the window of "legt", in the unit of time.

    Raises
    ------
    ParameterError
        If the last two axes are not equally long; those before them are a stack of equal matrices.

    See Also
    --------
    hippo_input : the B that belongs to it.

    References
    ----------
    Gu, Dao, Ermon, Rudra, Ré, "HiPPO: recurrent memory with optimal polynomial projections", NeurIPS
    2020, arXiv:2008.07669, theorems 1 (LegT, normalized) and 2 (LegS).

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.hippo()((3, 3)).round(3) + 0
    array([[-1.   ,  0.   ,  0.   ],
           [-1.732, -2.   ,  0.   ],
           [-2.236, -3.873, -3.   ]], dtype=float32)
    """

    measure: str = "legs"
    window: float = 1.0

    def check(self, shape: tuple[int, ...], dtype: str) -> None:
        if len(shape) < 2 or shape[-1] != shape[-2]:
            raise must("shape", "must end in two equal lengths, (..., N, N)", shape)
        super().check(shape, dtype)

    def at(self, shape: tuple[int, ...], places: list[Any]) -> Any:
        n, k = places[-2], places[-1]
        product = np.sqrt(2.0 * n + 1.0) * np.sqrt(2.0 * k + 1.0)
        if self.measure == "legs":
            return -np.where(n > k, product, np.where(n == k, n + 1.0, 0.0))
        signs = np.where((n < k) & ((n + k) % 2 == 1), 1.0, -1.0)
        return signs * product / self.window

    def bounds(self, shape: tuple[int, ...], compute: str) -> tuple[float, float]:
        last = shape[-1]
        if self.measure == "legs":
            least = math.sqrt((2 * last - 1.0) * (2 * last - 3.0)) if last > 1 else 1.0
            return -max(least, float(last)), 0.0 if last > 1 else -1.0
        most = math.sqrt((2 * last - 1.0) * (2 * last - 3.0)) if last > 1 else -1.0
        return -(2 * last - 1.0) / self.window, most / self.window


@dataclass(frozen=True, repr=False)
class hippo_input(_Legendre):
    """The input matrix B of HiPPO, of ``x' = A x + B u``: ``sqrt(2n+1)``, over the window for "legt".

    Parameters
    ----------
    measure
        "legs" or "legt".
    window
        The length of the window of "legt", in the unit of time.

    Notes
    -----
    The states are the last axis; where that has length 1, as in S4's B of shape (N, 1), the one
    before it.

    References
    ----------
    Gu, Dao, Ermon, Rudra, Ré, "HiPPO: recurrent memory with optimal polynomial projections", NeurIPS
    2020, arXiv:2008.07669, theorems 1 (LegT, normalized) and 2 (LegS).

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.hippo_input()(4).round(3)
    array([1.   , 1.732, 2.236, 2.646], dtype=float32)
    """

    measure: str = "legs"
    window: float = 1.0

    def check(self, shape: tuple[int, ...], dtype: str) -> None:
        if not shape:
            raise must("shape", "must have an axis of states", shape)
        super().check(shape, dtype)

    def at(self, shape: tuple[int, ...], places: list[Any]) -> Any:
        n = places[_axis_of_states(shape)]
        return np.sqrt(2.0 * n + 1.0) / self.window

    def bounds(self, shape: tuple[int, ...], compute: str) -> tuple[float, float]:
        states = shape[_axis_of_states(shape)]
        return 1.0 / self.window, math.sqrt(2.0 * states - 1.0) / self.window


def _axis_of_states(shape: tuple[int, ...]) -> int:
    return -2 if len(shape) > 1 and shape[-1] == 1 else -1
