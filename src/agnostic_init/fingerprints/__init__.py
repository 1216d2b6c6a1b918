"""Whether two hold the same weights: a hash of values by position, which adds over parts."""

from __future__ import annotations

__all__: list[str] = []
