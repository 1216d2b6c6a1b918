"""(shape, layout) -> the axes of a weight and its fans, in plain Python."""

from __future__ import annotations

from agnostic_init.layouts.fans import fans

__all__ = ["fans"]
