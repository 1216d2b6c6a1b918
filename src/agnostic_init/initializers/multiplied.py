"""Initializers times a number, where their own parameters are all that has to be multiplied."""

from __future__ import annotations

from typing import Any

import numpy as np

from agnostic_init.arrays.errors import must
from agnostic_init.arrays.numbers import real_number

__all__ = ["by_fields", "checked_factor", "product"]


def checked_factor(factor: Any) -> float:
    """A factor as a float, or an error that says what it must be."""
    number = real_number("factor", factor)
    if number <= 0:
        raise must("factor", "must be positive", factor, "ai.zeros() for a factor of zero")
    return number


def by_fields(init: Any, factor: float, fields: tuple[str, ...]) -> Any:
    """The initializer with some fields multiplied: numbers, other initializers, or tuples of these."""
    changed = {name: _times(name, getattr(init, name), factor) for name in fields}
    if hasattr(init, "__replace__"):
        return init.__replace__(**changed)
    import dataclasses  # which few need, and takes a while

    return dataclasses.replace(init, **changed)


def _times(name: str, value: Any, factor: float) -> Any:
    if hasattr(value, "times"):
        return value.times(factor)
    if isinstance(value, tuple):
        return tuple(_times(name, each, factor) for each in value)
    return product(name, value, factor)


def product(name: str, value: Any, factor: float) -> Any:
    """A number or a NumPy array times the factor, none of which vanishes or overflows."""
    if isinstance(value, int):  # of which some are beyond those of NumPy
        value = float(value)
    with np.errstate(over="ignore"):
        found = value * factor
    for what, wrong in (
        ("larger", (found == 0) & (value != 0)),
        ("smaller", ~np.isfinite(found) & np.isfinite(value)),
    ):
        if np.any(wrong):
            rule = f"must be {what}, as times it {name} would be out of the range of a float"
            raise must("factor", rule, factor)
    return found
