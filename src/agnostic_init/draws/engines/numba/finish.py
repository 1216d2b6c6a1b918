"""Compiled kernels between words and memory: odd integers, scale and shift, bounds, storage.

`at`, where the output begins, is unsigned: a signed index might be counted from the end, and loops
with such a choice are not vectorized.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

__all__ = [
    "as_bfloat16",
    "as_float16",
    "as_int64",
    "as_uint32",
    "finish_double",
    "finish_single",
    "odd_double",
    "odd_single",
    "uniform_double",
    "uniform_single",
]

LOW_24 = np.uint32(0xFFFFFF)
LOW_21 = np.uint32(0x1FFFFF)
TWO_24, TWO_32, TWO_52 = 2.0**24, 2.0**32, 2.0**52


@njit(nogil=True)
def odd_single(words: Any, n: Any, k: Any) -> None:
    """Odd integers of 24 bits of a word each."""
    for i in range(n):
        k[i] = np.float64(np.int32(words[i] & LOW_24)) * 2.0 + (1.0 - TWO_24)


@njit(nogil=True)
def odd_double(words: Any, n: Any, k: Any) -> None:
    """Odd integers of 53 bits of two words each."""
    for i in range(n):
        m = np.float64(words[2 * i + 1] & LOW_21) * TWO_32 + np.float64(words[2 * i])
        k[i] = (m - TWO_52) * 2.0 + 1.0


@njit(nogil=True, inline="always")
def _within(low: Any, value: Any, high: Any) -> Any:
    value = low if value < low else value  # noqa: FURB136 - as the reference compares
    return high if value > high else value  # noqa: FURB136


@njit(nogil=True)
def uniform_single(words: Any, n: Any, parameters: Any, out: Any, at: Any) -> None:
    """Words straight to float32: m 2^-24 is exact, and so is its product with the scale."""
    scale, shift = parameters[4] * 2.0**-24, parameters[5]
    low, high = np.float32(parameters[6]), np.float32(parameters[7])
    for i in range(n):
        value = np.float32(np.float64(np.int32(words[i] & LOW_24)) * scale + shift)
        out[at + np.uint64(i)] = _within(low, value, high)


@njit(nogil=True)
def uniform_double(words: Any, n: Any, unit: Any) -> None:
    """Words to u = m 2^-53."""
    for i in range(n):
        m = np.float64(words[2 * i + 1] & LOW_21) * TWO_32 + np.float64(words[2 * i])
        unit[i] = m * 2.0**-53


@njit(nogil=True)
def finish_single(unit: Any, n: Any, parameters: Any, out: Any, at: Any) -> None:
    """Scale, shift and bounds of draws defined in float32."""
    scale, shift = parameters[4], parameters[5]
    low, high = np.float32(parameters[6]), np.float32(parameters[7])
    for i in range(n):
        value = np.float32(np.float64(np.float32(unit[i])) * scale + shift)
        out[at + np.uint64(i)] = _within(low, value, high)


@njit(nogil=True)
def finish_double(unit: Any, n: Any, parameters: Any, out: Any, at: Any) -> None:
    """Scale, shift and bounds of draws defined in float64."""
    scale, shift, low, high = parameters[4], parameters[5], parameters[6], parameters[7]
    for i in range(n):
        value = unit[i] * scale + shift
        out[at + np.uint64(i)] = _within(low, value, high)


@njit(nogil=True)
def as_bfloat16(bits: Any, n: Any, out: Any, at: Any) -> None:
    """The upper half of float32 bits, to nearest even."""
    for i in range(n):
        b = bits[i]
        odd = (b >> np.uint32(16)) & np.uint32(1)
        out[at + np.uint64(i)] = np.uint16((b + np.uint32(0x7FFF) + odd) >> np.uint32(16))


@njit(nogil=True)
def as_float16(bits: Any, n: Any, out: Any, at: Any) -> None:
    """float32 bits to float16 bits, to nearest even, for finite numbers and infinities.

    Subnormal results are rounded by the processor, which adds a number whose last bit is worth
    2^-24; the others by adding just below half a unit to the bits.
    """
    for i in range(n):
        sign = bits[i] & np.uint32(0x80000000)
        b = bits[i] ^ sign
        small = np.uint32(b).view(np.float32) + np.float32(0.5)
        subnormal = np.uint32(np.float32(small).view(np.int32)) - np.uint32(0x3F000000)
        odd = (b >> np.uint32(13)) & np.uint32(1)
        normal = (b + np.uint32(0xFFF) + odd - np.uint32(112 << 23)) >> np.uint32(13)
        code = subnormal if b < np.uint32(113 << 23) else min(normal, np.uint32(0x7C00))
        out[at + np.uint64(i)] = np.uint16(np.uint32(code) | (sign >> np.uint32(16)))


@njit(nogil=True)
def as_uint32(words: Any, n: Any, out: Any, at: Any) -> None:
    """Words as they are."""
    for i in range(n):
        out[at + np.uint64(i)] = words[i]


@njit(nogil=True)
def as_int64(words: Any, n: Any, out: Any, at: Any) -> None:
    """Words as non-negative integers."""
    for i in range(n):
        out[at + np.uint64(i)] = np.int64(words[i])
