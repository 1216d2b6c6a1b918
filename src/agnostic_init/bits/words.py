"""32-bit word arithmetic in array operations, with and without 64-bit integers.

Both classes hold 64-bit positions and split them into words; they differ in what the library has.
`Wide` keeps a word in the lower half of a 64-bit integer, unsigned or signed: a 32 x 32 -> 64 bit
product that wraps into the sign still has the right bits. `Narrow` needs nothing but uint32.
"""

from __future__ import annotations

from typing import Any

__all__ = ["Narrow", "Wide"]

MASK = 0xFFFFFFFF
LIMIT = 1 << 64


class Wide:
    """Words and positions in uint64, or in int64 where that is all the library can add."""

    def __init__(self, xp: Any, dtype: Any, device: Any, *, signed: bool) -> None:
        self.xp, self.dtype, self.device, self.signed = xp, dtype, device, signed

    def constant(self, value: int) -> Any:
        """A 64-bit constant of shape (1,), so that NumPy does not warn where it wraps."""
        value %= LIMIT
        if self.signed and value >= LIMIT // 2:
            value -= LIMIT
        # `asarray` would copy it to a GPU, and wait.
        return self.xp.full((1,), value, dtype=self.dtype, device=self.device)

    def word(self, numbers: Any) -> Any:
        """The numbers mod 2^32."""
        return numbers & self.constant(MASK)

    def multiply(self, factor: Any, words: Any) -> tuple[Any, Any]:
        """High and low word of the products with words or a number."""
        product = words * (self.constant(factor) if isinstance(factor, int) else factor)
        mask = self.constant(MASK)
        return (product >> self.constant(32)) & mask, product & mask

    def positions(self, base: Any, counts: tuple[int, ...], strides: tuple[int, ...]) -> Any:
        """``base + sum(j[d] * strides[d])`` as an array of shape `counts`."""
        total = base if not isinstance(base, int) else self.constant(base)
        for axis, (count, stride) in enumerate(zip(counts, strides, strict=True)):
            steps = self.xp.arange(count, dtype=self.dtype, device=self.device)
            steps = steps * self.constant(stride)
            shape = (1,) * axis + (count,) + (1,) * (len(counts) - axis - 1)
            total = total + self.xp.reshape(steps, shape)
        return total

    def shift(self, positions: Any, bits: int) -> Any:
        """Positions divided by 2^bits, rounded down."""
        if not bits:
            return positions
        return (positions >> self.constant(bits)) & self.constant((1 << (64 - bits)) - 1)

    def low(self, positions: Any, mask: int) -> Any:
        """The lowest bits of the positions."""
        return positions & self.constant(mask)

    def add(self, positions: Any, offset: Any) -> Any:
        """Positions plus a 64-bit offset, mod 2^64."""
        return positions + (self.constant(offset) if isinstance(offset, int) else offset)

    def split(self, positions: Any) -> tuple[Any, Any]:
        """The low and the high word."""
        mask = self.constant(MASK)
        return positions & mask, (positions >> self.constant(32)) & mask


class Narrow:
    """Words in uint32; positions in pairs (low, high) of them; products by 16-bit limbs."""

    def __init__(self, xp: Any, dtype: Any, device: Any) -> None:
        self.xp, self.dtype, self.device = xp, dtype, device

    def constant(self, value: int) -> Any:
        """A word."""
        return self.xp.asarray(value, dtype=self.dtype, device=self.device)

    def word(self, numbers: Any) -> Any:
        """The numbers mod 2^32, which words are in any case."""
        return numbers

    def multiply(self, factor: Any, words: Any) -> tuple[Any, Any]:
        """High and low word of the products with words or a number."""
        half, sixteen = self.constant(0xFFFF), self.constant(16)
        factor = self.constant(factor) if isinstance(factor, int) else factor
        a0, a1 = factor & half, factor >> sixteen
        b0, b1 = words & half, words >> sixteen
        middle = a1 * b0 + ((a0 * b0) >> sixteen)
        cross = a0 * b1 + (middle & half)
        high = a1 * b1 + (middle >> sixteen) + (cross >> sixteen)
        return high, words * factor

    def positions(self, base: Any, counts: tuple[int, ...], strides: tuple[int, ...]) -> Any:
        """``base + sum(j[d] * strides[d])`` as a pair of arrays of shape `counts`."""
        total = self._pair(base)
        for axis, (count, stride) in enumerate(zip(counts, strides, strict=True)):
            steps = self.xp.arange(count, dtype=self.dtype, device=self.device)
            shape = (1,) * axis + (count,) + (1,) * (len(counts) - axis - 1)
            steps = self.xp.reshape(steps, shape)
            high, low = self.multiply(stride & MASK, steps)
            high = high + steps * self.constant(stride >> 32 & MASK)
            total = self.add(total, (low, high))
        return total

    def shift(self, positions: Any, bits: int) -> Any:
        """Positions divided by 2^bits, rounded down."""
        if not bits:
            return positions
        low, high = positions
        carried = high << self.constant(32 - bits)
        return (low >> self.constant(bits)) | carried, high >> self.constant(bits)

    def low(self, positions: Any, mask: int) -> Any:
        """The lowest bits of the positions."""
        return positions[0] & self.constant(mask)

    def add(self, positions: Any, offset: Any) -> Any:
        """Positions plus a 64-bit offset, mod 2^64."""
        low, high = self._pair(offset)
        total = positions[0] + low
        carry = self.xp.astype(total < low, self.dtype)
        return total, positions[1] + high + carry

    def split(self, positions: Any) -> tuple[Any, Any]:
        """The low and the high word."""
        low, high = positions
        return low, high

    def _pair(self, value: Any) -> tuple[Any, Any]:
        if isinstance(value, int):
            return self.constant(value & MASK), self.constant(value >> 32 & MASK)
        low, high = value
        return low, high
