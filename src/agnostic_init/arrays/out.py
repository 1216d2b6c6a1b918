"""Arrays that are to be written: found out, in one place, whether they can be."""

from __future__ import annotations

from typing import Any

from agnostic_init.arrays.errors import must, must_be_type
from agnostic_init.arrays.library import Library
from agnostic_init.arrays.target import library_of

__all__ = ["check_out", "library_of_out"]


def check_out(out: Any, shape: tuple[int, ...] | None = None, name: str = "out") -> Library:
    """The library of an array that is to be written, if it will keep what is written.

    Parameters
    ----------
    out
        The array.
    shape
        That it must have; None for any.
    name
        Of the parameter.

    Raises
    ------
    ParameterTypeError
        If it is no array, or one of a library whose arrays cannot be written.
    ParameterError
        If it has another shape, no memory of its own, or a copy of what was meant.
    """
    library = library_of_out(out, name)
    refusal = library.why_not_writable(out)
    if refusal is not None:
        rule = f"must be writable, but it {refusal.reason}"
        raise must(name, rule, type(out), refusal.remedy)
    if shape is not None and tuple(out.shape) != shape:
        raise must(name, f"must have the shape {shape}", tuple(out.shape))
    return library


def library_of_out(out: Any, name: str = "out") -> Library:
    """The library of an array that is to be written, if its arrays can be."""
    try:
        library = library_of(out)
    except TypeError:
        raise must_be_type(name, "must be an array of a supported library", out) from None
    if not library.writes:
        raise must_be_type(
            name,
            f"must be an array that can be written, which those of {library.name} cannot",
            type(out),
            "a new array, by like=array",
        )
    return library
