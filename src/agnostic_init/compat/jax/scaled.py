"""Draws scaled by the fans of a weight, as in ``jax.nn.initializers``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np

from agnostic_init.arrays.errors import ParameterError, check_choice, must
from agnostic_init.bits.jax_key import is_traced
from agnostic_init.compat.jax.drawing import (
    UNSET,
    Factory,
    axes_of,
    axis_of,
    check_factor,
    is_number,
    number_of,
    placed,
    scaled,
)
from agnostic_init.initializers import scaling
from agnostic_init.layouts.fans import by_mode
from agnostic_init.layouts.parameters import MODES

__all__ = [
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "kaiming_normal",
    "kaiming_uniform",
    "lecun_normal",
    "lecun_uniform",
    "variance_scaling",
    "xavier_normal",
    "xavier_uniform",
]

Axes = int | Sequence[int]
# In JAX's words, which tests match.
NO_FANS = (
    "Can't compute input and output sizes of a {}-dimensional weights tensor with default in_axis."
    " Must be at least 2D or specify in_axis explicitly."
)


@dataclass(frozen=True)
class variance_scaling(Factory):
    """Make an initializer of zero-mean values of the variance ``scale / n``, n a fan.

    Parameters
    ----------
    scale
        Not negative; it may be traced, or an array that broadcasts to the shape.
    mode
        What n is: "fan_in", "fan_out", "fan_avg" or "fan_geo_avg".
    distribution
        "truncated_normal", at two of the sigmas before truncation, "normal" or "uniform".
    in_axis, out_axis, batch_axis
        The axes, or sequences of axes, of the inputs, the outputs, and of those that are weights of
        their own. All others are the receptive field.
    dtype
        The dtype where none is given in the call.

    Examples
    --------
    >>> import jax
    >>> init = variance_scaling(2.0, "fan_in", "normal", batch_axis=0)
    >>> init(jax.random.key(0), (12, 512, 2048)).std().round(4)
    Array(0.0625, dtype=float32)
    """

    factor: ClassVar[str] = "scale"

    scale: Any
    mode: str
    distribution: str
    in_axis: Axes = -2
    out_axis: Axes = -1
    batch_axis: Axes = ()
    dtype: Any = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("mode", self.mode, MODES)
        check_choice("distribution", self.distribution, scaling.DISTRIBUTIONS)
        check_factor("scale", self.scale)
        if not is_traced(self.scale) and not np.all(np.asarray(number_of(self.scale)) >= 0):
            raise must("scale", "must not be negative", self.scale)
        for name in ("in_axis", "out_axis", "batch_axis"):
            object.__setattr__(self, name, axes_of(name, getattr(self, name)))

    def __call__(self, key: Any, shape: Any, dtype: Any = UNSET, out_sharding: Any = None) -> Any:
        """Make an array; see `Initializer`."""
        shape, dtype = self._checked(shape, dtype)
        fan = self._fan(shape)
        if fan == 0:
            return placed(jnp.zeros(shape, dtype), out_sharding)  # no device: it has no elements
        scale = float(self.scale) if is_number(self.scale) else number_of(self.scale)
        variance = scale / fan
        known = is_number(variance) and variance > 0
        root = jnp.sqrt if is_traced(variance) else np.sqrt

        def draw_of(std: float, name: str) -> Any:
            scale = variance if known else std**2
            init = scaling.variance_scaling(scale, "fan_in", self.distribution, fan=(1, 1))
            return init.draw(shape, name)

        std = math.sqrt(variance) if known else root(variance)
        return scaled(draw_of, std, key, shape, dtype, out_sharding)

    def _fan(self, shape: tuple[int, ...]) -> float:
        """The number that the variance is divided by; 0 for a weight without elements."""
        if self.in_axis == -2 and len(shape) < 2:
            raise ParameterError(NO_FANS.format(len(shape)))
        if 0 in shape:
            return 0
        sizes = [self._size(shape, name) for name in ("in_axis", "out_axis", "batch_axis")]
        field = math.prod(shape) / math.prod(sizes)
        return by_mode(self.mode, sizes[0] * field, sizes[1] * field)

    def _size(self, shape: tuple[int, ...], name: str) -> int:
        axes = getattr(self, name)
        places = (axes,) if isinstance(axes, int) else axes
        return math.prod(shape[axis_of(name, axis, shape)] for axis in places)


def glorot_uniform(
    in_axis: Axes = -2, out_axis: Axes = -1, batch_axis: Axes = (), dtype: Any = None
) -> variance_scaling:
    """Make ``variance_scaling(1.0, "fan_avg", "uniform")``, whose axes and dtype it takes."""
    return variance_scaling(1.0, "fan_avg", "uniform", in_axis, out_axis, batch_axis, dtype)


def glorot_normal(
    in_axis: Axes = -2, out_axis: Axes = -1, batch_axis: Axes = (), dtype: Any = None
) -> variance_scaling:
    """Make ``variance_scaling(1.0, "fan_avg", "truncated_normal")``, whose axes and dtype it takes."""
    return variance_scaling(
        1.0, "fan_avg", "truncated_normal", in_axis, out_axis, batch_axis, dtype
    )


def lecun_uniform(
    in_axis: Axes = -2, out_axis: Axes = -1, batch_axis: Axes = (), dtype: Any = None
) -> variance_scaling:
    """Make ``variance_scaling(1.0, "fan_in", "uniform")``, whose axes and dtype it takes."""
    return variance_scaling(1.0, "fan_in", "uniform", in_axis, out_axis, batch_axis, dtype)


def lecun_normal(
    in_axis: Axes = -2, out_axis: Axes = -1, batch_axis: Axes = (), dtype: Any = None
) -> variance_scaling:
    """Make ``variance_scaling(1.0, "fan_in", "truncated_normal")``, whose axes and dtype it takes."""
    return variance_scaling(1.0, "fan_in", "truncated_normal", in_axis, out_axis, batch_axis, dtype)


def he_uniform(
    in_axis: Axes = -2, out_axis: Axes = -1, batch_axis: Axes = (), dtype: Any = None
) -> variance_scaling:
    """Make ``variance_scaling(2.0, "fan_in", "uniform")``, whose axes and dtype it takes."""
    return variance_scaling(2.0, "fan_in", "uniform", in_axis, out_axis, batch_axis, dtype)


def he_normal(
    in_axis: Axes = -2, out_axis: Axes = -1, batch_axis: Axes = (), dtype: Any = None
) -> variance_scaling:
    """Make ``variance_scaling(2.0, "fan_in", "truncated_normal")``, whose axes and dtype it takes."""
    return variance_scaling(2.0, "fan_in", "truncated_normal", in_axis, out_axis, batch_axis, dtype)


xavier_uniform = glorot_uniform
xavier_normal = glorot_normal
kaiming_uniform = he_uniform
kaiming_normal = he_normal
