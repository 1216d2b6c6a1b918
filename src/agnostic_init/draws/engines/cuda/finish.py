"""Which kernel makes a draw, and how it scales, shifts and clips: in the fastest way that has the definition's bits."""

from __future__ import annotations

import struct
from dataclasses import replace

from agnostic_init.draws.engines.cuda.source import Variant
from agnostic_init.draws.engines.cuda.table import largest, tabulated
from agnostic_init.draws.record import Central, Draw, Tail

__all__ = ["finished", "kind_of"]

# Products of float32 factors between these bounds with a draw are nowhere near to be flushed.
SMALLEST_FACTOR, LARGEST_FACTOR = 2.0**-120, 2.0**60
SMALLEST_NORMAL = 2.0**-126


def kind_of(draw: Draw) -> tuple[str, Central | None]:
    """The kind of a draw's kernel, and the quantile of which it reads a table."""
    if draw.kind != "quantile":
        return draw.kind.upper(), None
    if isinstance(draw.quantile, Central) and draw.bits == 24 and tabulated(draw.quantile):
        return "TABLE", draw.quantile
    return ("TAIL" if isinstance(draw.quantile, Tail) else "CENTRAL"), None


def finished(
    draw: Draw, variant: Variant, tabled: Central | None
) -> tuple[Variant, tuple[int, ...]]:
    """The fastest way to scale, shift and clip that has the definition's bits; and with what."""
    original, factor = variant, draw.scale
    shifts = (draw.shift, draw.shift_imag)[: variant.parts]
    shifted, centered = any(shifts), False
    if variant.kind == "UNIFORM":
        least, most = 0.0, float(2**24 - 1)
        factor = draw.scale * 2.0**-24
        if draw.shift == -0.5 * draw.scale:
            # (m 2^-24) (2a) - a is (m - 2^23) 2^8 (a 2^-31), both exactly.
            shifted, centered = False, True
            least, most = -(2.0**31), float((2**23 - 1) << 8)
            factor *= 2.0**-8
    elif tabled is not None:
        if draw.dtype == "bfloat16" and not shifted:
            variant = replace(variant, kind="COARSE")
        unit = 2.0**-29 if variant.kind == "COARSE" else 2.0**-52
        factor = draw.scale * unit  # of what the kernel takes from the table
        most = largest(tabled) / unit
        least = -most
    bounds = (draw.low, draw.high)
    if (
        variant.kind not in {"UNIFORM", "TABLE", "COARSE"}
        or draw.bits == 53
        or not SMALLEST_FACTOR <= factor <= LARGEST_FACTOR
        or any(0.0 < abs(bound) < SMALLEST_NORMAL or str(bound) == "-0.0" for bound in bounds)
        or (shifted and not _far_from_subnormal(draw.scale, *shifts))
    ):
        return original, (0, 0, 0)
    # The extremes, rounded as the kernel rounds: a product of 24 bits each is exact in float64.
    moves = shifts if shifted else (0.0,)
    variant = replace(
        variant,
        finish="SHIFTED" if shifted else "FACTOR",
        centered=centered,
        clip_low=min(_single(least * factor + move) for move in moves) < draw.low,
        clip_high=max(_single(most * factor + move) for move in moves) > draw.high,
    )
    return variant, struct.unpack("<III", struct.pack("<fff", factor, *bounds))


def _single(value: float) -> float:
    """A number rounded to float32."""
    rounded: float = struct.unpack("<f", struct.pack("<f", value))[0]
    return rounded


def _far_from_subnormal(scale: float, *shifts: float) -> bool:
    """Whether no sum of a shift and a scaled draw is subnormal, though they nearly cancel.

    The sum is a multiple of what the last bits of both are worth: at least 2^-47 2^-23 of the scale
    for a draw of at least 2^-24, and 2^-23 of the shift.
    """
    return scale >= 2.0**-40 and all(
        shift == 0.0 or 2.0**-60 <= abs(shift) <= 2.0**60 for shift in shifts
    )
