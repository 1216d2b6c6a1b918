"""Floating-point formats: what each dtype name means, apart from any library."""

from __future__ import annotations

import math
from dataclasses import dataclass

from agnostic_init.arrays.errors import must

__all__ = ["FORMATS", "Format", "format_of"]


@dataclass(frozen=True, slots=True)
class Format:
    """A dtype of real or complex floating-point numbers.

    Attributes
    ----------
    name : the name that NumPy and ml_dtypes give it.
    precision : significant bits, the hidden one included.
    min_exponent : of the smallest normal number 2^min_exponent.
    max : the largest finite number.
    compute : the precision that draws of this dtype are defined in, "float32" or "float64".
    is_complex : whether an element is a pair of reals.
    itemsize : bytes an element.
    """

    name: str
    precision: int
    min_exponent: int
    max: float
    itemsize: int
    is_complex: bool = False

    @property
    def compute(self) -> str:
        return "float64" if self.precision == 53 else "float32"

    @property
    def words(self) -> int:
        """Random words an element takes."""
        return (2 if self.compute == "float64" else 1) * (2 if self.is_complex else 1)

    def nearest(self, value: float) -> float:
        """The nearest number of this format, ties to even; infinite beyond the largest."""
        if value == 0 or not math.isfinite(value):
            return value
        quantum = self._quantum(value)
        rounded = round(value / quantum) * quantum
        return math.copysign(math.inf, value) if abs(rounded) > self.max else rounded

    def at_most(self, value: float) -> float:
        """The largest number of this format that is not above `value`."""
        if value == math.inf:
            return value
        near = max(self.nearest(value), -math.inf)
        if near == math.inf:
            return self.max
        return near if near <= value else self.below(near)

    def at_least(self, value: float) -> float:
        """The smallest number of this format that is not below `value`."""
        return -self.at_most(-value)

    def below(self, value: float) -> float:
        """The number of this format next below `value`, which is one of them."""
        if value == math.inf:
            return self.max
        if value == -self.max:
            return -math.inf
        quantum = self._quantum(value) if value else 2.0 ** (self.min_exponent - self.precision + 1)
        mantissa, _ = math.frexp(value)
        subnormal = abs(value) <= 2.0**self.min_exponent
        return value - (quantum / 2 if mantissa == 0.5 and not subnormal else quantum)

    def _quantum(self, value: float) -> float:
        exponent = max(math.frexp(value)[1] - 1, self.min_exponent)
        return math.ldexp(1.0, exponent - self.precision + 1)


FORMATS = {
    f.name: f
    for f in (
        Format("float64", 53, -1022, 1.7976931348623157e308, 8),
        Format("float32", 24, -126, float.fromhex("0x1.fffffep127"), 4),
        Format("float16", 11, -14, 65504.0, 2),
        Format("bfloat16", 8, -126, float.fromhex("0x1.fep127"), 2),
        Format("float8_e5m2", 3, -14, 57344.0, 1),
        Format("float8_e5m2fnuz", 3, -15, 57344.0, 1),
        Format("float8_e4m3", 4, -6, 240.0, 1),
        Format("float8_e4m3fn", 4, -6, 448.0, 1),
        Format("float8_e4m3fnuz", 4, -7, 240.0, 1),
        Format("float8_e4m3b11fnuz", 4, -10, 30.0, 1),
        Format("float8_e3m4", 5, -2, 15.5, 1),
        Format("complex64", 24, -126, float.fromhex("0x1.fffffep127"), 8, is_complex=True),
        Format("complex128", 53, -1022, 1.7976931348623157e308, 16, is_complex=True),
    )
}


def format_of(name: str) -> Format:
    """The format of a dtype name.

    Raises
    ------
    ParameterError
        If the dtype is not a floating-point one.
    """
    try:
        return FORMATS[name]
    except KeyError:
        raise must(
            "dtype",
            "must be a real or complex floating-point dtype",
            name,
            "dtype='float32'",
        ) from None
