"""What stands against writing an array, and what to write instead."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["FREED", "NOT_WHOLE", "OVERLAPPING", "READ_ONLY", "Refusal"]


class Refusal(NamedTuple):
    """Why an array is not written.

    Attributes
    ----------
    reason
        As the end of "it must be writable, but it ...".
    remedy
        What to try.
    """

    reason: str
    remedy: str


READ_ONLY = Refusal("is read-only", "a copy of it")
OVERLAPPING = Refusal("has elements that share memory", "a copy of it")
FREED = Refusal(
    "has less memory than elements, as after storage.resize_(0)", "to allocate it before"
)
NOT_WHOLE = Refusal(
    "has parts whose sum over the mesh is the array", "a DTensor that is sharded or replicated"
)
