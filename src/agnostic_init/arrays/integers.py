"""Parameters that are integers."""

from __future__ import annotations

import operator
from typing import Any

from agnostic_init.arrays.errors import must, must_be_type

__all__ = ["integer", "positive_integer"]


def integer(name: str, value: Any) -> int:
    """The value as an int, or an error that names the parameter; a truth value is no integer."""
    try:
        if not isinstance(value, bool) and str(getattr(value, "dtype", "")) != "bool":
            return operator.index(value)
    except TypeError:
        pass
    raise must_be_type(name, "must be an integer", value)


def positive_integer(name: str, value: Any, hint: str = "") -> int:
    """The same for a number of things, of which there is at least one."""
    number = integer(name, value)
    if number < 1:
        raise must(name, "must be positive", value, hint)
    return number
