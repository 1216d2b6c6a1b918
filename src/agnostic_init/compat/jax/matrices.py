"""Orthogonal matrices, as in ``jax.nn.initializers``."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

from agnostic_init.arrays.errors import must
from agnostic_init.arrays.numbers import integer
from agnostic_init.bits.jax_key import is_traced
from agnostic_init.compat.jax.drawing import (
    UNSET,
    Factory,
    axis_of,
    check_broadcasts,
    check_factor,
    is_number,
    key_of,
    number_of,
    placed,
)
from agnostic_init.linalg.functions import haar_matrices
from agnostic_init.linalg.haar import Haar

__all__ = ["delta_orthogonal", "orthogonal"]


@dataclass(frozen=True)
class _OfMatrices(Factory):
    """What both take."""

    scale: Any = 1.0
    column_axis: int = -1
    dtype: Any = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_factor("scale", self.scale)
        object.__setattr__(self, "column_axis", integer("column_axis", self.column_axis))


@dataclass(frozen=True)
class orthogonal(_OfMatrices):
    """Make an initializer of uniformly distributed matrices of orthonormal rows or columns.

    Parameters
    ----------
    scale
        What the matrices are multiplied with; it may be traced.
    column_axis
        The axis of the matrix's columns; all others are its rows. Whichever are fewer are
        orthonormal; for a complex dtype in the sense of the complex product.
    dtype
        The dtype where none is given in the call.

    Examples
    --------
    >>> import jax
    >>> w = orthogonal()(jax.random.key(0), (3, 5))
    >>> bool(jnp.allclose(w @ w.T, jnp.eye(3, device=None), atol=1e-6))
    True
    """

    def __call__(self, key: Any, shape: Any, dtype: Any = UNSET, out_sharding: Any = None) -> Any:
        """Make an array; see `Initializer`."""
        shape, dtype = self._checked(shape, dtype)
        if len(shape) < 2:
            raise must(
                "shape", "must have at least 2 axes: orthogonal requires at least a 2D shape", shape
            )
        axis = axis_of("column_axis", self.column_axis, shape)
        if 0 in shape:
            return placed(jnp.zeros(shape, dtype), out_sharding)  # no device: it has no elements
        columns = shape[axis]
        matrix = _haar(key, math.prod(shape) // columns, columns, self.scale, dtype)
        rest = shape[:axis] + shape[axis + 1 :]
        return placed(jnp.moveaxis(matrix.reshape(*rest, columns), -1, axis), out_sharding)


@dataclass(frozen=True)
class delta_orthogonal(_OfMatrices):
    """Make an initializer of convolution kernels that are orthogonal and act in their middle alone.

    Parameters
    ----------
    scale
        What the kernels are multiplied with; it may be traced.
    column_axis
        The axis of the columns of the matrix in the middle, whose axes are the last two.
    dtype
        The dtype where none is given in the call.

    Examples
    --------
    >>> import jax
    >>> w = delta_orthogonal()(jax.random.key(0), (3, 3, 4, 8))
    >>> bool(w[1, 1].any()), bool(w[0, 0].any())
    (True, False)
    """

    def __call__(self, key: Any, shape: Any, dtype: Any = UNSET, out_sharding: Any = None) -> Any:
        """Make an array; see `Initializer`."""
        shape, dtype = self._checked(shape, dtype)
        if len(shape) not in {3, 4, 5}:
            raise must("shape", "must have 3, 4 or 5 axes (requires a 3D, 4D or 5D shape)", shape)
        if shape[-1] < shape[-2]:
            raise must("shape", "must have no more inputs (axis -2) than outputs (axis -1)", shape)
        matrix = orthogonal(self.scale, self.column_axis)(key, shape[-2:], dtype)
        middle = tuple((length - 1) // 2 for length in shape[:-2])
        kernel = jnp.zeros(shape, dtype)  # no device: placed below
        return placed(kernel if 0 in shape else kernel.at[middle].set(matrix), out_sharding)


def _haar(key: Any, rows: int, columns: int, scale: Any, dtype: Any) -> Any:
    """A matrix of orthonormal rows or columns, times a scale."""
    check_broadcasts("scale", scale, (rows, columns))
    gain = float(scale) if is_number(scale) else 1.0
    if not is_number(scale) and not is_traced(scale):
        # Which is refused where it is too large.
        Haar((), rows, columns, str(dtype.name), float(np.max(np.abs(number_of(scale)))))
    matrix = haar_matrices((rows, columns), gain, key=key_of(key), xp=jnp, dtype=str(dtype.name))
    return matrix if is_number(scale) else matrix * jnp.asarray(number_of(scale), dtype)
