"""Parameters that are numbers: what is one, as a number of Python, or an error that names it."""

from __future__ import annotations

import math
import operator
from typing import Any

from agnostic_init.arrays.errors import must, must_be_type

__all__ = ["as_integer", "complex_number", "integer", "positive_integer", "real_number"]

MOST = 1 << 64


def as_integer(value: Any) -> int | None:
    """An integer of any library as an int; None of anything else, and of a truth value."""
    if type(value) is int:
        return value
    try:
        # An array of one truth value is an index for some libraries.
        if not isinstance(value, bool) and not str(getattr(value, "dtype", "")).endswith("bool"):
            return operator.index(value)
    except TypeError:
        pass
    return None


def integer(name: str, value: Any) -> int:
    """The value as an int, or an error that names the parameter; a truth value is no integer."""
    number = as_integer(value)
    if number is None:
        raise must_be_type(name, "must be an integer", value)
    return number


def positive_integer(name: str, value: Any, hint: str = "") -> int:
    """The same for a number of things: at least one, and no more than an array has elements."""
    number = integer(name, value)
    if number < 1:
        raise must(name, "must be positive", value, hint)
    if number > MOST:
        raise must(name, "must be at most 2^64", value)
    return number


def real_number(name: str, value: Any, *, infinite: bool = False) -> float:
    """A real number, of Python or a scalar of any library, as a float.

    Never -0.0: caches take it for 0.0, and no value may depend on what they hold.
    """
    if type(value) is not float:
        value = _of_python(value)
        # Text is none, though `float` reads it, nor is an array of one number.
        if isinstance(value, (bool, str, bytes, bytearray, complex)) or getattr(
            value, "ndim", None
        ):
            raise must_be_type(name, "must be a real number", value)
    try:
        number = float(value)
    except OverflowError:
        raise must(name, "must be within the range of a float", value) from None
    except (TypeError, ValueError):
        raise must_be_type(name, "must be a real number", value) from None
    if math.isnan(number) or (math.isinf(number) and not infinite):
        raise must(name, "must be finite" if not infinite else "must not be NaN", value)
    return number + 0.0


def complex_number(name: str, value: Any) -> complex:
    """A number as a float, or, where it has an imaginary part, as a complex."""
    value = _of_python(value)
    if not isinstance(value, complex):
        return real_number(name, value)
    real, imag = real_number(name, value.real), real_number(name, value.imag)
    return complex(real, imag) if imag else real


def _of_python(value: Any) -> Any:
    """The number of a scalar of an array library, complex or a truth value, as Python's own."""
    if type(value) is float or getattr(value, "ndim", None) != 0:
        return value
    if hasattr(value, "item"):
        return value.item()
    name = str(value.dtype).rpartition(".")[2]
    return next((kind(value) for kind in (bool, complex) if name.startswith(kind.__name__)), value)
