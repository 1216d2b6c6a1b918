"""array-api-strict: the standard and nothing else; here to keep the reference honest."""

from __future__ import annotations

from agnostic_init.arrays.libraries import generic

__all__ = ["Library"]


class Library(generic.Library):
    """array-api-strict."""

    name = "array_api_strict"
