"""Draws scaled by the fans of a weight in Keras's layout, as in Keras."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras

from agnostic_init.compat.keras.making import checked, make, registered
from agnostic_init.initializers.scaling import variance_scaling
from agnostic_init.layouts.fans import fans

__all__ = [
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "LecunNormal",
    "LecunUniform",
    "VarianceScaling",
]

DISTRIBUTIONS = {"untruncated_normal": "normal"}  # of those that Keras calls otherwise


class _Scaled:
    """What makes an initializer of Keras's family of variance scaling one of ours."""

    scale: float
    mode: str
    distribution: str
    seed: Any

    def __call__(self, shape: Any, dtype: Any = None, layout: Any = None) -> Any:
        """Make a tensor."""
        # Releases before 3.14 have no axes.
        axes = getattr(self, "input_axes", None), getattr(self, "output_axes", None)
        init = variance_scaling(
            self.scale,
            self.mode,
            DISTRIBUTIONS.get(self.distribution, self.distribution),
            fan=_fans(checked(shape), *axes),
        )
        return make(init, shape, dtype, self.seed, layout)


@registered
class VarianceScaling(_Scaled, keras.initializers.VarianceScaling):
    """Values of the variance ``scale / n``, as `keras.initializers.VarianceScaling`."""


@registered
class GlorotUniform(_Scaled, keras.initializers.GlorotUniform):
    """Glorot's uniform values, as `keras.initializers.GlorotUniform`."""


@registered
class GlorotNormal(_Scaled, keras.initializers.GlorotNormal):
    """Glorot's truncated normal values, as `keras.initializers.GlorotNormal`."""


@registered
class LecunUniform(_Scaled, keras.initializers.LecunUniform):
    """LeCun's uniform values, as `keras.initializers.LecunUniform`."""


@registered
class LecunNormal(_Scaled, keras.initializers.LecunNormal):
    """LeCun's truncated normal values, as `keras.initializers.LecunNormal`."""


@registered
class HeUniform(_Scaled, keras.initializers.HeUniform):
    """He's uniform values, as `keras.initializers.HeUniform`."""


@registered
class HeNormal(_Scaled, keras.initializers.HeNormal):
    """He's truncated normal values, as `keras.initializers.HeNormal`."""


def _fans(
    shape: tuple[int, ...], inputs: Sequence[int] | None, outputs: Sequence[int] | None
) -> tuple[int, int]:
    """Of axes that are (kernel ..., in, out), or of those that are named; never below 1."""
    if inputs is not None and outputs is not None:
        named = [math.prod(shape[axis] for axis in axes) for axes in (inputs, outputs)]
    elif len(shape) < 2:
        named = [math.prod(shape)] * 2
    else:
        return fans(shape, "keras")
    return max(1, named[0]), max(1, named[1])
