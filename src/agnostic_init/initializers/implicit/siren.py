"""SIREN: networks of sines, whose pre-activations have one normal distribution at every depth."""

from __future__ import annotations

import math
from typing import Any

from agnostic_init.arrays.dtypes import Dtype, format_of
from agnostic_init.arrays.errors import must, must_be_type
from agnostic_init.arrays.numbers import real_number
from agnostic_init.arrays.values import Value
from agnostic_init.draws.record import Draw, draw_of
from agnostic_init.initializers.base import Initializer
from agnostic_init.initializers.random import uniform
from agnostic_init.layouts.fans import fan_for, known_fans
from agnostic_init.layouts.parameters import check_fan_parameters

__all__ = ["siren"]


class siren(Initializer, Value):
    """Uniform weights of a network of sines, ``x -> sin(omega (W x + b))``.

    With n inputs, ``U(-sqrt(6 / n) / omega, sqrt(6 / n) / omega)`` for a hidden layer, and
    ``U(-1 / n, 1 / n)`` for the first, whose inputs are coordinates in [-1, 1].

    Parameters
    ----------
    layout
        What the axes are: "torch", "keras", or a string of axis tokens such as "o i *k".
    first
        Whether the layer is the first.
    omega
        The frequency that the layer's sine multiplies its argument with; positive.
    fan
        ``(fan_in, fan_out)`` outright, instead of a layout.

    Raises
    ------
    AmbiguousLayoutError
        If the layout matters for a shape and none is given.

    Notes
    -----
    The authors take the sine of a standard normal for an arcsine variable, of variance 1/2, so that
    ``omega W x`` has variance ``n * (6 / n) / 3 * 1/2 = 1`` again. It has (1 - exp(-2)) / 2 = 0.432,
    so with depth, pre-activations come to a normal of std 0.893, where the variance v is
    ``1 - exp(-2 v)``. For a std of 1, take ``gain("sin")**2 / omega**2`` as the scale of
    `variance_scaling`. The authors leave biases as torch draws them, ``U(-1 / sqrt(n), 1 / sqrt(n))``:
    see `torch_default`.

    References
    ----------
    Sitzmann, Martel, Bergman, Lindell, Wetzstein, "Implicit neural representations with periodic
    activation functions", NeurIPS 2020, arXiv:2006.09661, section 3.2, and theorem 1.8 of its
    supplement; the bound of the first layer is from the authors' code.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.siren("torch").describe((256, 96)).high
    0.008333333333333333
    >>> ai.siren("torch", first=True).describe((256, 2)).high
    0.5
    """

    layout: str | None = None
    first: bool = False
    omega: float = 30.0
    fan: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.first, bool):
            raise must_be_type("first", "must be True or False", self.first)
        omega = real_number("omega", self.omega)
        if omega <= 0:
            raise must("omega", "must be positive", self.omega)
        _, fan = check_fan_parameters("fan_in", self.layout, 1, self.fan)
        object.__setattr__(self, "omega", omega)
        object.__setattr__(self, "fan", None if fan is None else tuple(fan))

    def draw(self, shape: tuple[int, ...], dtype: str) -> Draw:
        drawn = draw_of(self._values(shape, format_of(dtype)), shape, dtype)
        assert drawn is not None
        return drawn

    def _values(self, shape: tuple[int, ...], form: Dtype) -> uniform:
        """The initializer of the values; on a disk of the same variance for complex ones."""
        inputs = fan_for(shape, "fan_in", self.layout, 1, self.fan)
        bound = 1.0 / inputs if self.first else math.sqrt(6.0 / inputs) / self.omega
        bound *= math.sqrt(2.0 / 3.0) if form.is_complex else 1.0
        return uniform(-bound, bound)

    def statistics(self, shape: tuple[int, ...], dtype: str) -> dict[str, Any]:
        known = self._values(shape, format_of(dtype)).statistics(shape, dtype)
        return known | known_fans(shape, self.layout, 1, self.fan)
