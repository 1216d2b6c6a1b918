"""What an initializer would do, in figures."""

from __future__ import annotations

from dataclasses import dataclass

from agnostic_init.arrays.dtypes import itemsize_of

__all__ = ["Description"]


@dataclass(frozen=True, slots=True)
class Description:
    """What an array would be filled with. A figure that does not apply is None.

    Attributes
    ----------
    initializer : the initializer, as code.
    shape, dtype, elements : of the global array.
    elementwise : whether every element is a function of its position alone.
    distribution : such as "normal" or "constant".
    mean, std : of the values.
    low, high : bounds of the values.
    fan_in, fan_out : of the weight.
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
