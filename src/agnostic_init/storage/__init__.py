"""Files of tensors as they are found: what their headers say, and the bytes as arrays of NumPy's."""

from __future__ import annotations

__all__: list[str] = []
