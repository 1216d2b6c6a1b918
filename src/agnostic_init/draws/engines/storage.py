"""Values into the memory of a dtype, rounded once to nearest even, where NumPy has it or not."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from agnostic_init.arrays.dtypes import FORMATS, Dtype

__all__ = ["store"]


def store(dtype: str, values: Any, out: Any) -> None:
    """Write float32 or float64 values, or a pair of real and imaginary parts, into `out`.

    `out` is of the dtype itself, or of unsigned integers of its size.
    """
    if isinstance(values, tuple):
        out.real, out.imag = values
    elif out.dtype.kind != "u":
        np.copyto(out, values, casting="same_kind")
    elif out.dtype.itemsize == 2:
        _store_bfloat16(values, out)
    else:
        np.copyto(out, _encoded(FORMATS[dtype], values))


def _store_bfloat16(values: Any, out: Any) -> None:
    """Half of the bits, rounded by adding just below half a unit, and the unit's own last bit."""
    bits = values.view(np.uint32)
    rounded = bits >> np.uint32(16)
    rounded &= np.uint32(1)
    rounded += np.uint32(0x7FFF)
    rounded += bits
    rounded >>= np.uint32(16)
    np.copyto(out, rounded, casting="unsafe")


def _encoded(form: Dtype, values: Any) -> Any:
    """Codes of an 8-bit format, by search among the midpoints of its numbers."""
    magnitude = np.abs(values)
    codes = np.searchsorted(_midpoints(form), magnitude, side="left").astype(np.uint8)
    negative = np.signbit(values)
    if not form.has_negative_zero:  # whose code is NaN
        negative &= codes > 0
    codes[negative] |= 0x80
    return codes


@functools.cache
def _midpoints(form: Dtype) -> Any:
    """Between each two neighbours; above an odd code just below the middle, so that ties go up."""
    mantissa_bits = form.precision - 1
    codes = np.arange(128)
    exponent, mantissa = codes >> mantissa_bits, codes & ((1 << mantissa_bits) - 1)
    quantum = 2.0 ** (np.maximum(exponent, 1) - 1 + form.min_exponent - mantissa_bits)
    numbers = (mantissa + (exponent > 0) * (1 << mantissa_bits)) * quantum
    numbers = numbers[numbers <= form.max]
    middles = ((numbers[:-1] + numbers[1:]) / 2).astype(np.float32)
    middles[1::2] = np.nextafter(middles[1::2], np.float32(0))
    return middles
