"""S4D: diagonal state matrices, and the rates of Mamba, which are one of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from agnostic_init.arrays.dtypes import format_of
from agnostic_init.arrays.errors import check_choice, must, must_be_type
from agnostic_init.draws.elementary import log
from agnostic_init.initializers.computed import OfPlaces

__all__ = ["mamba_a_log", "s4d"]

KINDS = ("lin", "inv", "real")
PARTS = ("all", "log_real", "imag")


@dataclass(frozen=True, repr=False)
class s4d(OfPlaces):
    """The diagonal state matrix of S4D, ``x' = A x + B u``, along the last axis.

    With n the place along the last axis and N the number of states: "lin" is ``-1/2 + i pi n``,
    "inv" is ``-1/2 + i N/pi (N/(2n+1) - 1)``, and "real" is ``-(n+1)``.

    Parameters
    ----------
    kind
        "lin", "inv" or "real".
    part
        What of A the array holds. "all": A itself, in a complex dtype, or any for "real". What models
        keep instead: "log_real", the logarithm of what the real part is below zero, and "imag".
    paired
        Whether the array has one of each two complex conjugate states, as is usual: then N is twice
        the length of the last axis. It matters for "inv" alone.

    Raises
    ------
    ParameterError
        For a real dtype where A is complex.

    References
    ----------
    Gu, Gupta, Goel, Ré, "On the parameterization and initialization of diagonal state space models",
    NeurIPS 2022, arXiv:2206.11893, section 4, S4D-Inv, S4D-Lin and S4D-Real.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.s4d("lin")((3,), dtype="complex64").round(3)
    array([-0.5+0.j   , -0.5+3.142j, -0.5+6.283j], dtype=complex64)
    >>> ai.s4d("real", "log_real")((2, 3)).round(3)  # that is A_log of Mamba
    array([[0.   , 0.693, 1.099],
           [0.   , 0.693, 1.099]], dtype=float32)
    """

    kind: str = "lin"
    part: str = "all"
    paired: bool = True

    def __post_init__(self) -> None:
        check_choice("kind", self.kind, KINDS)
        check_choice("part", self.part, PARTS)
        if not isinstance(self.paired, bool):
            raise must_be_type("paired", "must be True or False", self.paired)
        if self.kind == "real" and self.part == "imag":
            rule = "must be 'all' or 'log_real' for kind 'real', which has no imaginary part"
            raise must("part", rule, self.part, "ai.zeros()")

    def check(self, shape: tuple[int, ...], dtype: str) -> None:
        if not shape:
            raise must("shape", "must have an axis of states", shape)
        if self.part == "all" and self.kind != "real" and not format_of(dtype).is_complex:
            rule = f"must be complex for S4D-{self.kind.capitalize()}"
            hint = "dtype='complex64', or part='log_real' and part='imag'"
            raise must("dtype", rule, dtype, hint)
        super().check(shape, dtype)

    def at(self, shape: tuple[int, ...], places: list[Any]) -> Any:
        n = places[-1]
        real = n + 1.0 if self.kind == "real" else np.full_like(n, 0.5)
        if self.part == "log_real":
            return _log(real, shape[-1])
        if self.kind == "real":
            return -real
        imag = self._imaginary(n, shape[-1])
        return imag if self.part == "imag" else imag * 1j - real

    def _imaginary(self, n: Any, length: int) -> Any:
        if self.kind == "lin":
            return math.pi * n
        states = (2.0 if self.paired else 1.0) * length
        return (states / math.pi) * (states / (2.0 * n + 1.0) - 1.0)

    def bounds(self, shape: tuple[int, ...], compute: str) -> tuple[float, float]:
        last = shape[-1] - 1.0
        if self.kind == "real":
            return (0.0, math.log(last + 1.0)) if self.part == "log_real" else (-last - 1.0, -1.0)
        if self.part == "log_real":
            return math.log(0.5), math.log(0.5)
        ends = [float(self._imaginary(n, shape[-1])) for n in (0.0, last)]
        return (min(ends), max(ends)) if self.part == "imag" else (min(-0.5, *ends), max(ends))

    def statistics(self, shape: tuple[int, ...], dtype: str) -> dict[str, Any]:
        known = super().statistics(shape, dtype)
        if self.part == "all" and self.kind != "real":
            known |= {"low": None, "high": None}
        return known


def mamba_a_log() -> s4d:
    """The parameter ``A_log`` of Mamba: ``log(1), ..., log(N)`` along the last axis, so that A is -1 to -N.

    Short for ``s4d("real", "log_real")``. Mamba-2, of one rate for each head, has
    ``log_of_uniform(1, 16)``.

    References
    ----------
    Gu, Dao, "Mamba: linear-time sequence modeling with selective state spaces", 2023,
    arXiv:2312.00752, section 3.6: the real S4D-Real.

    Examples
    --------
    >>> import numpy as np
    >>> import agnostic_init as ai
    >>> np.exp(ai.mamba_a_log()((2, 4))).round(3)
    array([[1., 2., 3., 4.],
           [1., 2., 3., 4.]], dtype=float32)
    """
    return s4d("real", "log_real")


def _log(x: Any, largest: int) -> Any:
    """Of numbers from 1/2 to the largest, in operations that are rounded alike everywhere."""
    power = math.ldexp(1.0, math.frexp(max(largest, 1))[1])
    return log(np, x / power, 0.25 / power) + math.log(power)
