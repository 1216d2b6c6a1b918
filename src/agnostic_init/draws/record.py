"""The seam between what is drawn and who computes it."""

from __future__ import annotations

import functools
from typing import Literal, Protocol

from agnostic_init.arrays.dtypes import DTYPES, Dtype
from agnostic_init.arrays.values import Record

__all__ = ["Central", "Draw", "Tail", "draw_of"]

Kind = Literal["bits", "uniform", "quantile", "disk", "modulus"]


class Central(Record):
    """Bounds of which at least one is within 30 sigmas, or on the other side of the mean.

    z is the quantile of ``1/2 + middle + k step``; of ``left + (K + k) step`` from below and of
    ``right + (K - k) step`` from above, with ``K = 2^b``, where that is in a tail.
    """

    middle: float
    step: float
    left: float
    right: float

    @property
    def smallest(self) -> float:
        """No tail probability is below this."""
        return max(self.step, 2.0**-1020)


class Tail(Record):
    """Both bounds beyond 30 sigmas on one side.

    |z| has the tail probability ``Q(bound) (ratio + (K - sign k) step)``.
    """

    bound: float
    ratio: float
    step: float
    sign: float

    @property
    def smallest(self) -> float:
        return max(self.ratio, self.step, 2.0**-1020)


class Draw(Record):
    """All that an engine must know of a draw, but the key and the positions.

    Attributes
    ----------
    kind
        ``bits``: the words. ``uniform``: ``u = m 2^-b``. ``quantile``: the normal quantile.
        ``disk`` and ``modulus``, complex: a uniform on an annulus, a normal of bounded modulus.
    dtype
        The name of the result's dtype.
    scale, shift
        What the unit draw is multiplied with and moved by, rounded to the precision it is computed
        in. ``shift_imag`` is the imaginary part of the move.
    low, high
        The least and the greatest number of the result's dtype that may come out (inclusive).
    quantile
        Of kind ``quantile``.
    radii
        Of kind ``disk``: the squares of the inner radius and of the span to the outer one. Of kind
        ``modulus``: ``(probability of the modulus bound, 0)``.
    """

    kind: Kind
    dtype: str
    scale: float = 1.0
    shift: float = 0.0
    shift_imag: float = 0.0
    low: float = -float("inf")
    high: float = float("inf")
    quantile: Central | Tail | None = None
    radii: tuple[float, float] = (0.0, 1.0)

    @property
    def format(self) -> Dtype:
        """What is known of the result's dtype."""
        return DTYPES[self.dtype]

    @property
    def words(self) -> int:
        """Words of the stream that each element takes."""
        return self.format.words

    @property
    def bits(self) -> int:
        """Bits of an odd integer ``k``: 24 or 53."""
        return 53 if self.format.precision == 53 else 24

    @property
    def clips(self) -> bool:
        """Whether rounding could step over a bound."""
        return self.low != -float("inf") or self.high != float("inf")


class _Drawn(Protocol):
    """What is drawn, by shape and dtype; hashable."""

    def draw(self, shape: tuple[int, ...], dtype: str) -> Draw | None: ...


@functools.lru_cache(maxsize=1024)
def draw_of(of: _Drawn, shape: tuple[int, ...], dtype: str) -> Draw | None:
    """The draw of an initializer, which is computed once."""
    return of.draw(shape, dtype)
