"""The place of a kernel that a convolution leaves where it is."""

from __future__ import annotations

from typing import Any

from agnostic_init.arrays.errors import must

__all__ = ["CENTERS", "center_of", "check_center"]

CENTERS = ("torch", "same")


def check_center(center: Any) -> None:
    """Raise unless it is one of `CENTERS`."""
    if center not in CENTERS:
        raise must("center", f"must be one of {CENTERS}", center)


def center_of(length: int, center: str) -> int:
    """Its place on an axis: they differ for even lengths, where the wrong one shifts by one.

    ``length // 2`` ("torch") is right with ``padding=length // 2``, ``(length - 1) // 2`` ("same")
    with ``padding="same"``.
    """
    return length // 2 if center == "torch" else (length - 1) // 2
