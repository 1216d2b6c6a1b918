"""What stands against writing an array, and what to write instead."""

from __future__ import annotations

__all__ = ["FREED", "NOT_WHOLE", "OVERLAPPING", "READ_ONLY", "Refusal"]


class Refusal:
    """Why an array is not written.

    Parameters
    ----------
    reason
        As the end of "it must be writable, but it ...".
    remedy
        What to try.
    """

    __slots__ = ("reason", "remedy")

    def __init__(self, reason: str, remedy: str) -> None:
        self.reason, self.remedy = reason, remedy


READ_ONLY = Refusal("is read-only", "a copy of it")
OVERLAPPING = Refusal("has elements that share memory", "a copy of it")
FREED = Refusal(
    "has less memory than elements, as after storage.resize_(0)", "to allocate it before"
)
NOT_WHOLE = Refusal(
    "has parts whose sum over the mesh is the array", "a DTensor that is sharded or replicated"
)
