"""Constants and independent draws of given parameters, as in ``jax.nn.initializers``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np

from agnostic_init.arrays.dtypes import DTYPES
from agnostic_init.arrays.errors import must_be_type
from agnostic_init.bits.jax_key import is_traced
from agnostic_init.compat.jax.drawing import (
    UNSET,
    Factory,
    check_factor,
    is_number,
    number_of,
    placed,
    scaled,
)
from agnostic_init.draws.distributions import (
    check_truncated_normal,
    normal_draw,
    truncated_normal_draw,
    uniform_draw,
)
from agnostic_init.initializers.constant import constant as of_any_library
from agnostic_init.initializers.constant_values import check_holds

__all__ = [
    "constant",
    "normal",
    "ones",
    "ones_init",
    "truncated_normal",
    "uniform",
    "zeros",
    "zeros_init",
]


def zeros(key: Any, shape: Any, dtype: Any = None, out_sharding: Any = None) -> Any:
    """Return zeros; the key is not looked at.

    Examples
    --------
    >>> zeros(None, (2,))
    Array([0., 0.], dtype=float32)
    """
    return constant(0)(key, shape, dtype, out_sharding)


def ones(key: Any, shape: Any, dtype: Any = None, out_sharding: Any = None) -> Any:
    """Return ones; the key is not looked at.

    Examples
    --------
    >>> ones(None, (2,))
    Array([1., 1.], dtype=float32)
    """
    return constant(1)(key, shape, dtype, out_sharding)


def zeros_init() -> Any:
    """Return `zeros`, as Flax's ``zeros_init`` does."""
    return zeros


def ones_init() -> Any:
    """Return `ones`, as Flax's ``ones_init`` does."""
    return ones


@dataclass(frozen=True)
class constant(Factory):
    """Make an initializer of a constant.

    Parameters
    ----------
    value
        A number, or an array that broadcasts to the shape.
    dtype
        The dtype where none is given in the call.

    Examples
    --------
    >>> constant(-7)(None, (2,))
    Array([-7., -7.], dtype=float32)
    """

    factor: ClassVar[str] = "value"

    value: Any
    dtype: Any = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not is_traced(self.value):
            number = int(self.value) if isinstance(self.value, bool) else self.value
            object.__setattr__(self, "value", of_any_library(number).value)

    def __call__(self, key: Any, shape: Any, dtype: Any = UNSET, out_sharding: Any = None) -> Any:
        """Make an array; see `Initializer`."""
        shape, dtype = self._checked(shape, dtype)
        number, row = number_of(self.value), DTYPES[str(dtype.name)]
        if not is_traced(self.value):
            check_holds(self.value, row.name)
            if not row.is_integer and row.compute == "float32":  # and is rounded once more
                number = np.asarray(number, np.complex64 if row.is_complex else np.float32)
        full = jnp.full(shape, number, dtype)  # no device: placed below
        return placed(full, out_sharding)


@dataclass(frozen=True)
class uniform(Factory):
    """Make an initializer of real numbers uniform on [0, scale).

    Parameters
    ----------
    scale
        The upper bound, which may be traced, or an array that broadcasts to the shape.
    dtype
        The dtype where none is given in the call.

    Examples
    --------
    >>> import jax
    >>> uniform(10.0)(jax.random.key(0), (2, 3)).shape
    (2, 3)
    """

    factor: ClassVar[str] = "scale"

    scale: Any = 1e-2
    dtype: Any = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_factor("scale", self.scale)

    def __call__(self, key: Any, shape: Any, dtype: Any = UNSET, out_sharding: Any = None) -> Any:
        """Make an array; see `Initializer`."""
        shape, dtype = self._checked(shape, dtype)
        return scaled(_uniform, self.scale, key, shape, dtype, out_sharding)


@dataclass(frozen=True)
class normal(Factory):
    """Make an initializer of normal values; complex: ``E|x|^2`` is ``stddev**2``.

    Parameters
    ----------
    stddev
        The standard deviation, which may be traced, or an array that broadcasts to the shape.
    dtype
        The dtype where none is given in the call.

    Examples
    --------
    >>> import jax
    >>> normal(5.0)(jax.random.key(0), (2, 3)).shape
    (2, 3)
    """

    factor: ClassVar[str] = "stddev"

    stddev: Any = 1e-2
    dtype: Any = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_factor("stddev", self.stddev)

    def __call__(self, key: Any, shape: Any, dtype: Any = UNSET, out_sharding: Any = None) -> Any:
        """Make an array; see `Initializer`."""
        shape, dtype = self._checked(shape, dtype)
        return scaled(_normal, self.stddev, key, shape, dtype, out_sharding)


@dataclass(frozen=True)
class truncated_normal(Factory):
    """Make an initializer of normal values confined to [lower, upper] times `stddev`.

    Parameters
    ----------
    stddev
        Of the normal before it is truncated; it may be traced, or an array that broadcasts to the
        shape.
    dtype
        The dtype where none is given in the call.
    lower, upper
        The bounds, in multiples of `stddev`: numbers that are known.

    Examples
    --------
    >>> import jax
    >>> values = truncated_normal(0.02)(jax.random.key(0), (1000,))
    >>> bool(abs(values).max() <= 0.04)
    True
    """

    factor: ClassVar[str] = "stddev"

    stddev: Any = 1e-2
    dtype: Any = None
    lower: Any = -2.0
    upper: Any = 2.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_factor("stddev", self.stddev)
        for name in ("lower", "upper"):
            if not is_number(getattr(self, name)):
                raise must_be_type(
                    name,
                    "must be a number, neither traced nor an array, as the quantile is made for it",
                    getattr(self, name),
                    "-2.0, or jax.jit with static_argnames",
                )
        check_truncated_normal(0.0, 1.0, self.lower, self.upper, "sigma", "parent")

    def __call__(self, key: Any, shape: Any, dtype: Any = UNSET, out_sharding: Any = None) -> Any:
        """Make an array; see `Initializer`."""
        shape, dtype = self._checked(shape, dtype)
        lower, upper = float(self.lower), float(self.upper)

        def draw_of(stddev: float, name: str) -> Any:
            return truncated_normal_draw(0.0, stddev, lower, upper, "sigma", "parent", name)

        return scaled(draw_of, self.stddev, key, shape, dtype, out_sharding)


def _uniform(scale: float, dtype: str) -> Any:
    return uniform_draw(0.0, scale, dtype)


def _normal(stddev: float, dtype: str) -> Any:
    return normal_draw(0.0, stddev, dtype)
