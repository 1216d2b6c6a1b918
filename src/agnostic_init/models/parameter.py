"""What a spec says of one parameter."""

from __future__ import annotations

from typing import Any, NamedTuple

from agnostic_init.arrays.errors import must, must_be_type
from agnostic_init.arrays.library import Library

__all__ = ["Parameter", "check_name"]


class Parameter(NamedTuple):
    """A name with its shape, and the array that this was read from, if there is one.

    Attributes
    ----------
    name, shape
        Of the parameter.
    dtype
        Its own, or that of its array; None to leave it to the rule and to the call.
    array, library
        Those that it was read from.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str | None = None
    array: Any = None
    library: Library | None = None


def check_name(name: Any) -> None:
    """Raise unless this can name a parameter."""
    if not isinstance(name, str):
        raise must_be_type("specs", "must have names that are strings", name)
    if not name:
        raise must("specs", "must have no empty name", name)
    try:
        name.encode()
    except UnicodeEncodeError:
        raise must("specs", "must have names that UTF-8 can hold", name) from None
