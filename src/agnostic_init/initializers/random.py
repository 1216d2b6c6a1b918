"""Uniform, normal and truncated normal, of given parameters."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from agnostic_init.arrays.errors import must
from agnostic_init.arrays.numbers import real_number
from agnostic_init.arrays.values import Value
from agnostic_init.draws.distributions import (
    check_normal,
    check_truncated_normal,
    check_uniform,
    normal_draw,
    truncated_normal_draw,
    truncated_statistics,
    uniform_draw,
)
from agnostic_init.draws.record import Draw
from agnostic_init.initializers.base import Initializer

__all__ = ["normal", "symmetric_uniform", "truncated_normal", "uniform"]


class uniform(Initializer, Value):
    """Uniform on [low, high).

    Parameters
    ----------
    low, high
        The interval. No value is below `low`, and none reaches `high`, in any dtype. For a complex
        dtype, the values are uniform on the disk or annulus of moduli between the two.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.uniform(-0.05, 0.05)((3,), key=0)
    array([-0.03441035, -0.00868294, -0.01575272], dtype=float32)
    """

    linear: ClassVar[tuple[str, ...]] = ("low", "high")

    low: float = 0.0
    high: float = 1.0

    def __post_init__(self) -> None:
        low, high = check_uniform(self.low, self.high)
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)

    def draw(self, shape: tuple[int, ...], dtype: str) -> Draw:
        return uniform_draw(self.low, self.high, dtype)

    def statistics(self, shape: tuple[int, ...], dtype: str) -> dict[str, Any]:
        if dtype.startswith("complex"):
            inner = 0.0 if self.low == -self.high else self.low
            square = (self.high**2 + inner**2) / 2
            return {"distribution": "uniform on a disk", "mean": 0.0, "std": math.sqrt(square)}
        return {
            "distribution": "uniform",
            "mean": (self.low + self.high) / 2,
            "std": (self.high - self.low) / math.sqrt(12.0),
            "low": self.low,
            "high": self.high,
        }


def symmetric_uniform(bound: float) -> uniform:
    """Uniform on [-bound, bound).

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.symmetric_uniform(0.05) == ai.uniform(-0.05, 0.05)
    True
    """
    number = real_number("bound", bound)
    if number <= 0:
        raise must("bound", "must be positive", bound)
    return uniform(-number, number)


class normal(Initializer, Value):
    """Normal with the given mean and standard deviation.

    For a complex dtype, ``E|x - mean|^2`` is ``std**2``.

    Parameters
    ----------
    mean, std
        Mean and standard deviation.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.normal(std=0.02)((3,), key=42)
    array([0.02779921, 0.0345919 , 0.0133219 ], dtype=float32)
    """

    linear: ClassVar[tuple[str, ...]] = ("mean", "std")

    mean: complex = 0.0
    std: float = 1.0

    def __post_init__(self) -> None:
        mean, std = check_normal(self.mean, self.std)
        object.__setattr__(self, "mean", mean)
        object.__setattr__(self, "std", std)

    def draw(self, shape: tuple[int, ...], dtype: str) -> Draw:
        return normal_draw(self.mean, self.std, dtype)

    def statistics(self, shape: tuple[int, ...], dtype: str) -> dict[str, Any]:
        return {"distribution": "normal", "mean": self.mean, "std": self.std}


class truncated_normal(Initializer, Value):
    """Normal confined to an interval.

    Parameters
    ----------
    mean, std
        Mean and standard deviation of the normal before it is truncated; see `std_of`.
    lower, upper
        The bounds, which may be infinite. For a complex dtype, `lower` must be ``-upper``, and
        `upper` bounds the modulus of ``x - mean``.
    bounds
        "sigma": the bounds are multiples of `std` about `mean`, as in JAX, Keras and TensorFlow.
        "absolute": they are values, as in torch.
    std_of
        "parent": `std` belongs to the normal before truncation. "result": it belongs to the
        truncated normal.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.truncated_normal(std=0.02)((3,), key=42)
    array([0.02548615, 0.03065038, 0.01262561], dtype=float32)
    """

    mean: complex = 0.0
    std: float = 1.0
    lower: float = -2.0
    upper: float = 2.0
    bounds: str = "sigma"
    std_of: str = "parent"

    def __post_init__(self) -> None:
        checked = check_truncated_normal(
            self.mean, self.std, self.lower, self.upper, self.bounds, self.std_of
        )
        for name, value in zip(("mean", "std", "lower", "upper"), checked, strict=True):
            object.__setattr__(self, name, value)

    def multiplied(self, factor: float) -> Initializer:
        from agnostic_init.initializers.multiplied import by_fields

        # Bounds in sigmas move by themselves.
        fields = ("mean", "std", "lower", "upper") if self.bounds == "absolute" else ("mean", "std")
        made: Initializer = by_fields(self, factor, fields)
        return made

    def draw(self, shape: tuple[int, ...], dtype: str) -> Draw:
        return truncated_normal_draw(
            self.mean, self.std, self.lower, self.upper, self.bounds, self.std_of, dtype
        )

    def statistics(self, shape: tuple[int, ...], dtype: str) -> dict[str, Any]:
        return {"distribution": "truncated normal"} | truncated_statistics(
            self.mean, self.std, self.lower, self.upper, self.bounds, self.std_of, dtype
        )
