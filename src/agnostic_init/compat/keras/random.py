"""Independent draws of given parameters, and orthogonal matrices, as in Keras."""

from __future__ import annotations

from typing import Any

import keras

from agnostic_init.arrays.errors import must
from agnostic_init.compat.keras.making import checked, make, registered
from agnostic_init.initializers.constant import constant
from agnostic_init.initializers.orthogonal import orthogonal
from agnostic_init.initializers.random import normal, truncated_normal, uniform

__all__ = ["Orthogonal", "RandomNormal", "RandomUniform", "TruncatedNormal"]


@registered
class RandomNormal(keras.initializers.RandomNormal):
    """Normal values, of the parameters of `keras.initializers.RandomNormal`."""

    def __call__(self, shape: Any, dtype: Any = None, layout: Any = None) -> Any:
        """Make a tensor."""
        return make(normal(float(self.mean), float(self.stddev)), shape, dtype, self.seed, layout)


@registered
class TruncatedNormal(keras.initializers.TruncatedNormal):
    """Normal values up to two `stddev` from `mean`, as `keras.initializers.TruncatedNormal`.

    No value is beyond the bounds, and each takes the same time; Keras on torch draws four normals
    for each value, and takes the first where none is within.
    """

    def __call__(self, shape: Any, dtype: Any = None, layout: Any = None) -> Any:
        """Make a tensor."""
        init = truncated_normal(float(self.mean), float(self.stddev))
        return make(init, shape, dtype, self.seed, layout)


@registered
class RandomUniform(keras.initializers.RandomUniform):
    """Values uniform on [minval, maxval), of the parameters of `keras.initializers.RandomUniform`."""

    def __call__(self, shape: Any, dtype: Any = None, layout: Any = None) -> Any:
        """Make a tensor."""
        low, high = float(self.minval), float(self.maxval)
        init = constant(low) if low == high else uniform(low, high)
        return make(init, shape, dtype, self.seed, layout)


@registered
class Orthogonal(keras.initializers.Orthogonal):
    """Orthogonal matrices, of the parameters of `keras.initializers.Orthogonal`.

    Of a weight of more than two axes the last one makes the columns, and all others the rows.
    """

    def __call__(self, shape: Any, dtype: Any = None, layout: Any = None) -> Any:
        """Make a tensor."""
        if len(checked(shape)) < 2:
            raise must("shape", "must be at least two-dimensional", tuple(shape))
        init = orthogonal(float(self.gain), layout="keras")
        return make(init, shape, dtype, self.seed, layout)
