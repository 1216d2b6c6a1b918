"""What an initializer would do, in figures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agnostic_init.arrays.dtypes import itemsize_of

__all__ = ["Description", "mixed"]


@dataclass(frozen=True, slots=True)
class Description:
    """What an array would be filled with. A figure that does not apply is None.

    Attributes
    ----------
    initializer
        The initializer, as code.
    shape, dtype, elements
        Of the global array.
    elementwise
        Whether every element is a function of its position alone.
    distribution
        Such as "normal" or "constant".
    mean, std
        Of the values.
    low, high
        Bounds of the values.
    fan_in, fan_out
        Of the weight.
    """

    initializer: str
    shape: tuple[int, ...]
    dtype: str
    elements: int
    elementwise: bool
    distribution: str
    mean: float | complex | None = None
    std: float | None = None
    low: float | None = None
    high: float | None = None
    fan_in: int | None = None
    fan_out: int | None = None

    @property
    def bytes(self) -> int:
        """Memory of the global array."""
        return self.elements * itemsize_of(self.dtype)

    def __str__(self) -> str:
        parts = [f"{self.initializer} on {self.shape} {self.dtype}: {self.distribution}"]
        for name in ("mean", "std", "low", "high", "fan_in", "fan_out"):
            value = getattr(self, name)
            if value is not None:
                parts.append(
                    f"{name} {value:.6g}" if not isinstance(value, int) else f"{name} {value}"
                )
        parts.append(f"{self.elements:,} elements, {self.bytes:,} bytes")
        return ", ".join(parts)


def mixed(parts: Sequence[tuple[float, dict[str, Any]]]) -> dict[str, Any]:
    """Mean, std and bounds of several parts together, as far as those of all are known.

    Parameters
    ----------
    parts
        How many elements each has, or in what proportion, and what is known of it.
    """
    some = [(size, known) for size, known in parts if size]

    def all_have(*names: str) -> bool:
        return bool(some) and all(
            known.get(name) is not None for _, known in some for name in names
        )

    whole: dict[str, Any] = {}
    total = sum(size for size, _ in some)
    if all_have("mean", "std"):
        mean = sum(size * known["mean"] for size, known in some) / total
        square = sum(
            size * (known["std"] ** 2 + abs(known["mean"] - mean) ** 2) for size, known in some
        )
        whole |= {"mean": mean, "std": math.sqrt(square / total)}
    if all_have("low", "high"):
        whole["low"] = min(known["low"] for _, known in some)
        whole["high"] = max(known["high"] for _, known in some)
    return whole
