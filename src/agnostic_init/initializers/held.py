"""Which numbers a dtype can hold."""

from __future__ import annotations

import cmath
import math
import re
from dataclasses import dataclass
from typing import Any

from agnostic_init.arrays.errors import must
from agnostic_init.arrays.formats import FORMATS
from agnostic_init.initializers.array_value import ArrayValue

__all__ = ["Number", "check_held", "integers"]

Number = complex | int  # or float, which complex includes


def check_held(value: Number | ArrayValue, dtype: str) -> None:
    """Raise if the dtype cannot hold a value."""
    bounds, form = integers(dtype), FORMATS.get(dtype)
    about = value if isinstance(value, ArrayValue) else _Scalar(value)
    if about.dtype == "complex128" and (form is None or not form.is_complex):
        raise must("value", f"must be real for dtype {dtype}", value)
    if bounds is not None and not about.integral:
        raise must("value", f"must be an integer for dtype {dtype}", value)
    low, high = about.extremes
    if bounds is not None and (low < bounds[0] or high > bounds[1]):
        rule = f"must be from {bounds[0]} to {bounds[1]} for dtype {dtype}"
        raise must("value", rule, _shown(low if low < bounds[0] else high))
    if form is not None and max(-low, high) > form.max:
        rule = f"must be at most {form.max:g}, the largest {dtype}"
        raise must("value", rule, _shown(low if -low > high else high))
    if dtype.endswith(("fn", "fnuz")) and about.infinite:
        raise must("value", f"must be finite or NaN for dtype {dtype}", value)


@dataclass(frozen=True, slots=True)
class _Scalar:
    """A number, seen as an `ArrayValue` is."""

    value: Number

    @property
    def dtype(self) -> str:
        return "complex128" if isinstance(self.value, complex) else "float64"

    @property
    def infinite(self) -> bool:
        return not isinstance(self.value, int) and cmath.isinf(self.value)

    @property
    def integral(self) -> bool:
        return isinstance(self.value, int) or self.value.real.is_integer()

    @property
    def extremes(self) -> tuple[Any, Any]:
        number: Any = self.value
        parts = (number.real, number.imag) if isinstance(number, complex) else (number,)
        finite = [x for x in parts if isinstance(x, int) or math.isfinite(x)]
        return (min(finite), max(finite)) if finite else (0.0, 0.0)


def integers(dtype: str) -> tuple[int, int] | None:
    """The least and the greatest of an integer dtype; None of others."""
    found = re.fullmatch(r"(u?)int(\d+)", dtype)
    if found is None:
        return (0, 1) if dtype == "bool" else None
    bits = int(found[2])
    return (0, 2**bits - 1) if found[1] else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def _shown(number: Any) -> Any:
    """An integer as it was written."""
    return int(number) if number == int(number) and abs(number) < 1e15 else number
