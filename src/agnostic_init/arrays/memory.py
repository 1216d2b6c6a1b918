"""How an array lies in memory."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["overlaps"]


def overlaps(shape: Sequence[int], strides: Sequence[int]) -> bool:
    """Whether several elements share a place, as in an expanded or broadcast array.

    Exact for the memory of broadcasting, transposing and slicing; strides made by hand that
    interleave may be taken to overlap where they do not.
    """
    if 0 in shape:
        return False
    reach = 0
    for stride, length in sorted(
        (abs(stride), length) for stride, length in zip(strides, shape, strict=True) if length > 1
    ):
        if stride <= reach:
            return True
        reach += stride * (length - 1)
    return False
