"""Variance scaling: the one initializer behind Glorot's, He's, LeCun's and torch's own."""

from __future__ import annotations

import math
from typing import Any

from agnostic_init.arrays.dtypes import Dtype, format_of
from agnostic_init.arrays.errors import ParameterError, check_choice, must
from agnostic_init.arrays.numbers import real_number
from agnostic_init.arrays.values import Value
from agnostic_init.draws.quantile import modulus_std, truncated_std
from agnostic_init.draws.record import Draw, draw_of
from agnostic_init.initializers.base import Initializer
from agnostic_init.initializers.random import normal, truncated_normal, uniform
from agnostic_init.layouts.fans import fan_for, known_fans
from agnostic_init.layouts.parameters import check_fan_parameters

__all__ = ["DISTRIBUTIONS", "variance_scaling"]

DISTRIBUTIONS = ("normal", "truncated_normal", "uniform")
MOST = 1e150  # its square is still a float
BOUND = 2.0  # of the truncated normal, in sigmas of its parent


class variance_scaling(Initializer, Value):
    """Zero-mean values with variance ``scale / n``, where n is a fan of the weight.

    Parameters
    ----------
    scale
        A positive number.
    mode
        What n is: "fan_in", "fan_out", "fan_avg" (their mean) or "fan_geo_avg" (the square root of
        their product).
    distribution
        "normal"; "truncated_normal", at two sigmas, where the std of the parent is corrected so
        that the result has this variance; or "uniform".
    layout
        What the axes are: "torch", "keras", "mlx", "torch_transposed", or a string of axis tokens
        such as ``"o i *k"`` or ``"b (3 o) i"``. Without it, a shape on which these disagree is refused.
    groups
        The number of groups of a grouped convolution.
    fan
        ``(fan_in, fan_out)`` outright, instead of a layout.

    Raises
    ------
    AmbiguousLayoutError
        If the layout matters for a shape and none is given; the message has both answers.

    Notes
    -----
    For a complex dtype, the variance is ``E|x|^2``. Uniforms lie on a disk, and truncated normals
    are bounded in modulus.

    References
    ----------
    Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks",
    AISTATS 2010; He, Zhang, Ren and Sun, "Delving deep into rectifiers", ICCV 2015.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> init = ai.variance_scaling(2.0, "fan_in", "normal", layout="torch")
    >>> init.describe((512, 128)).std
    0.125
    """

    scale: float = 1.0
    mode: str = "fan_in"
    distribution: str = "truncated_normal"
    layout: str | None = None
    groups: int = 1
    fan: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        scale = real_number("scale", self.scale)
        if scale <= 0:
            raise must("scale", "must be positive", self.scale, "ai.zeros() for a scale of zero")
        check_choice("distribution", self.distribution, DISTRIBUTIONS)
        groups, fan = check_fan_parameters(self.mode, self.layout, self.groups, self.fan)
        object.__setattr__(self, "scale", scale)
        object.__setattr__(self, "groups", groups)
        object.__setattr__(self, "fan", None if fan is None else tuple(fan))

    def variance(self, shape: tuple[int, ...]) -> float:
        """The variance of the values for a weight of that global shape."""
        return self.scale / fan_for(shape, self.mode, self.layout, self.groups, self.fan)

    def multiplied(self, factor: float) -> Initializer:
        from agnostic_init.initializers.multiplied import by_fields

        if not 1 / MOST <= factor <= MOST:
            raise must("factor", f"must be between {1 / MOST:g} and {MOST:g}", factor)
        made: Initializer = by_fields(self, factor**2, ("scale",))
        return made

    def draw(self, shape: tuple[int, ...], dtype: str) -> Draw:
        form, variance = format_of(dtype), self.variance(shape)
        try:
            draw = draw_of(self._of_variance(variance, form), shape, dtype)
        except ParameterError:  # which names a parameter of the draw, that nobody gave
            std = math.sqrt(variance)
            rule = f"must make values that {dtype} can hold; for {shape} their std is {std:g}"
            raise must("scale", rule, self.scale, "another scale, or another dtype") from None
        assert draw is not None
        return draw

    def _of_variance(self, variance: float, form: Dtype) -> Initializer:
        """The initializer of the values."""
        if self.distribution == "uniform":
            bound = math.sqrt(variance * (2.0 if form.is_complex else 3.0))
            return uniform(-bound, bound)
        std = math.sqrt(variance)
        if self.distribution == "normal":
            return normal(0.0, std)
        of_parent = modulus_std(BOUND) if form.is_complex else truncated_std(-BOUND, BOUND)
        return truncated_normal(0.0, std / of_parent, -BOUND, BOUND)

    def statistics(self, shape: tuple[int, ...], dtype: str) -> dict[str, Any]:
        variance = self.variance(shape)
        known = self._of_variance(variance, format_of(dtype)).statistics(shape, dtype)
        # As it was asked for, and not as it comes back from bounds.
        known |= {"mean": 0.0, "std": math.sqrt(variance)}
        return known | known_fans(shape, self.layout, self.groups, self.fan)
