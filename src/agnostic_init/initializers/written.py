"""A parameter of an initializer as code, and in the types that JSON has."""

from __future__ import annotations

import cmath
import math
from typing import Any

from agnostic_init.initializers.constant_values import ArrayValue

__all__ = ["as_code", "as_plain"]


def as_code(value: Any) -> str:
    """What evaluates to the value, where `repr` of what it is made of does."""
    if isinstance(value, str):
        return str.__repr__(value)  # of a subclass too, such as an enumeration's
    if isinstance(value, float) and not math.isfinite(value):
        return f"float('{value}')"
    if isinstance(value, complex) and not cmath.isfinite(value):
        return f"complex({as_code(value.real)}, {as_code(value.imag)})"
    if isinstance(value, list):
        return f"[{', '.join(map(as_code, value))}]"
    if type(value) is tuple:
        return f"({', '.join(map(as_code, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, ArrayValue) and value.shown:
        return as_code(value.array.tolist())
    return repr(value)


def as_plain(value: Any) -> Any:
    """The value in types that JSON and TOML can hold; what is no number there is text."""
    if isinstance(value, ArrayValue):
        nested = value.array.tolist()
        return nested if value.finite and value.dtype != "complex128" else as_plain(nested)
    if isinstance(value, (tuple, list)):
        return [as_plain(item) for item in value]
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if isinstance(value, complex):
        return {"real": as_plain(value.real), "imag": as_plain(value.imag)}
    if isinstance(value, str):
        return str.__str__(value)
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
