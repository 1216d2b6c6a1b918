"""From a draw, a key and a block to a kernel and the words that it is launched with."""

from __future__ import annotations

import functools
import math
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from agnostic_init.arrays.errors import must
from agnostic_init.bits.block import Block
from agnostic_init.bits.key import Key
from agnostic_init.bits.philox import KEY_STEPS, ROUNDS
from agnostic_init.draws.engines.cuda.source import (
    FORMS,
    OF_BLOCK,
    OF_DIGIT,
    OF_DRAW,
    OF_KEY,
    Variant,
    arranged,
)
from agnostic_init.draws.engines.cuda.table import coarse, largest, table, tabulated
from agnostic_init.draws.quantile import Central, Tail
from agnostic_init.draws.record import Draw

__all__ = ["Launch", "Plan", "divider", "launch", "launch_of", "planned", "supported"]

MASK, LIMIT = 0xFFFFFFFF, 1 << 64
MOST_BLOCKS = (1 << 31) - 1
# The address of an array, and the words of `OF_KEY`.
HEAD = struct.Struct(f"=Q{4 * OF_KEY['ROUND_KEYS']}sQ")
# All round keys in one integer, of 32 bits each: those of the low word in the even places.
ONES = sum(1 << 64 * n for n in range(ROUNDS))
EVEN = MASK * ONES
STEPS = [sum((n * step & MASK) << 64 * n for n in range(ROUNDS)) for step in KEY_STEPS]
# Products of float32 factors between these bounds with a draw are nowhere near to be flushed.
SMALLEST_FACTOR, LARGEST_FACTOR = 2.0**-120, 2.0**60
SMALLEST_NORMAL = 2.0**-126


class Launch(NamedTuple):
    """A kernel, what it is given, and how many units of work there are.

    Attributes
    ----------
    variant
        The kernel.
    given
        The bytes of its arguments that follow the address of the quantile's table.
    units
        What the grid's threads share among them; 0 for an empty block.
    quantile
        Of which the kernel reads a table, if it does.
    """

    variant: Variant
    given: bytes
    units: int
    quantile: Central | None

    @property
    def table(self) -> Callable[[Central], Any]:
        """What makes the quantile's table."""
        return coarse if self.variant.kind == "COARSE" else table

    def arguments(self, entries: int) -> bytes:
        """All of the kernel's arguments, where the table's entries are at that address."""
        return struct.pack("=Q", entries) + self.given

    def blocks(self, processors: int) -> int:
        """How many blocks of ``variant.threads`` to launch on that many multiprocessors.

        With a table, which each has to load, those that are resident: one of many threads, or two
        where there are many arrays. Else one for each tile, or, where an element is written as two
        bytes, a few times as many as are resident.
        """
        variant = self.variant
        most = processors * ((2 if variant.many else 1) if self.quantile else 16)
        if variant.whole_tiles and not variant.many:
            most = max(most, self.units // (variant.threads * variant.at_once))
        return max(1, min(-(-self.units // variant.threads), most, MOST_BLOCKS))


@dataclass(frozen=True, slots=True)
class Plan:
    """A launch without the key and the address.

    Attributes
    ----------
    variant, units, quantile
        Of the launch.
    base, count
        The first position, and how many there are in the run.
    words
        The parameters but those of the key, to the end of the arguments.
    draw
        Those of the draw alone.
    extent
        Where the bytes that are written begin and end, from the array's address.
    """

    variant: Variant
    units: int
    quantile: Central | None
    base: int
    count: int
    words: bytes
    draw: bytes
    extent: tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Axis:
    """An axis of the block: length, and the steps in the stream and in memory, in elements."""

    count: int
    position: int
    place: int


def supported(draw: Draw) -> bool:
    """Whether the kernel makes draws of this dtype."""
    return draw.dtype in FORMS


def launch(draw: Draw, key: Key, block: Block, strides: Sequence[int], address: int = 0) -> Launch:
    """What fills an array of the block's shape at an address, with these strides in elements.

    Raises
    ------
    ParameterError
        If elements of the array share their memory.
    """
    return launch_of(planned(draw, block, strides), key, address)


def launch_of(plan: Plan, key: Key, address: int) -> Launch:
    """A plan's launch, with a key and the address of an array's first element."""
    low, high = key.words
    keys = low * ONES + STEPS[0] & EVEN | (high * ONES + STEPS[1] & EVEN) << 32
    head = HEAD.pack(address, keys.to_bytes(8 * ROUNDS, "little"), key.offset)
    return Launch(plan.variant, head + plan.words, plan.units, plan.quantile)


def planned(draw: Draw, block: Block, strides: Sequence[int]) -> Plan:
    """What does not depend on the key and the address, for an array with these strides in elements."""
    # Draws that differ in the sign of a zero are equal.
    return _planned(draw, struct.pack("<5d", *_numbers(draw)), block, tuple(strides))


# A model has many tensors of the same shape.
@functools.lru_cache(maxsize=1024)
def _planned(draw: Draw, numbers: bytes, block: Block, strides: tuple[int, ...]) -> Plan:
    form, parts = FORMS[draw.dtype]
    base, axes = _axes(block, strides)
    run = _run(axes)
    kind, tabled = _kind(draw)
    variant, fast = _finish(
        draw,
        Variant(
            kind,
            form,
            parts,
            finish="EXACTLY",
            centered=False,
            clip_low=draw.low > -math.inf,
            clip_high=draw.high < math.inf,
            digits=len(axes),
            run=run,
            dense=run >= 0 and axes[run].place == 1,
        ),
        tabled,
    )
    unit, size = variant.unit, variant.bytes
    lengths = [axis.count for axis in axes]
    if run >= 0:
        others = [axis for n, axis in enumerate(axes) if n != run]
        ragged = any(axis.position % unit for axis in others)
        lead = unit - 1 if ragged else base % unit
        lengths[run] = -(-(lead + axes[run].count) // unit)
    units = math.prod(lengths) if block.size else 0
    if units >= LIMIT // 2:
        raise must("shape", "must have less than 2^63 elements on one device", block.shape)

    count = axes[run].count if run >= 0 else 0
    words = arranged(
        OF_BLOCK,
        BASE=_long(base),
        UNITS=_long(units),
        COUNT=_long(count),
        STRIDE=_long(axes[run].place if run >= 0 else 0),
    )
    of_draw = arranged(
        OF_DRAW,
        CENTER=(1 << 31,),
        FAST=fast,
        NUMBERS=struct.unpack("<10I", numbers),
        QUANTILE=struct.unpack("<8I", struct.pack("<4d", *_four(draw))),
    )
    words += of_draw
    for axis, length in zip(axes, lengths, strict=True):
        magic, shift = divider(max(length, 1))
        words += arranged(
            OF_DIGIT,
            MAGIC=_long(magic),
            SHIFT=(shift,),
            LENGTH=_long(length),
            POSITION=_long(axis.position),
            PLACE=_long(axis.place),
        )
    ends = [(axis.count - 1) * axis.place * size for axis in axes]
    extent = (sum(min(end, 0) for end in ends), sum(max(end, 0) for end in ends) + size)
    # As C pads a record that begins with a pointer.
    packed = _packed(words)
    packed += bytes(-(HEAD.size + len(packed)) % 8)
    return Plan(variant, units, tabled, base, count, packed, _packed(of_draw), extent)


def divider(divisor: int) -> tuple[int, int]:
    """Magic number and shift: ``n // divisor == (magic * 2n >> 64) >> shift`` for n < 2^63.

    With 2^shift the first power of two not below the divisor, the magic number exceeds
    2^(63 + shift) / divisor by less than 1 <= 2^shift / divisor, too little to reach the next
    integer (Granlund and Montgomery, "Division by invariant integers", 1994).
    """
    shift = (divisor - 1).bit_length()
    return -(-(1 << 63 + shift) // divisor), shift


def _axes(block: Block, strides: Sequence[int]) -> tuple[int, list[_Axis]]:
    """The first position, and the axes in the order in which threads walk through them.

    Neighbouring threads write neighbouring memory, and axes that are one are made one.
    """
    base, step = 0, 1
    places = list(strides)
    axes: list[_Axis] = []
    for length, start, stride, count, dropped in zip(
        *(reversed(x) for x in (block.global_shape, block.starts, block.steps, block.counts)),
        reversed(block.dropped),
        strict=True,
    ):
        base += start * step
        place = 0 if dropped else places.pop()
        if count > 1:
            if place == 0 and block.size:  # CuPy's empty arrays have no other strides
                raise must("out", "must not have elements that share memory", tuple(strides))
            axes.append(_Axis(count, stride * step, place))
        step *= length
    if not axes or not block.size:
        return base % LIMIT, [_Axis(min(block.size, 1), 1, 1)]
    merged = [axes[0]]
    for axis in axes[1:]:
        last = merged[-1]
        if (last.count * last.position, last.count * last.place) == (axis.position, axis.place):
            merged[-1] = replace(last, count=last.count * axis.count)
        else:
            merged.append(axis)
    return base % LIMIT, sorted(merged, key=lambda axis: abs(axis.place))


def _run(axes: list[_Axis]) -> int:
    """The axis along which positions are consecutive, or -1."""
    return next((n for n, axis in enumerate(axes) if axis.position == 1), -1)


def _kind(draw: Draw) -> tuple[str, Central | None]:
    if draw.kind != "quantile":
        return draw.kind.upper(), None
    if isinstance(draw.quantile, Central) and draw.bits == 24 and tabulated(draw.quantile):
        return "TABLE", draw.quantile
    return ("TAIL" if isinstance(draw.quantile, Tail) else "CENTRAL"), None


def _finish(
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


def _numbers(draw: Draw) -> tuple[float, ...]:
    return draw.scale, draw.shift, draw.shift_imag, draw.low, draw.high


def _four(draw: Draw) -> tuple[float, float, float, float]:
    q = draw.quantile
    if isinstance(q, Tail):
        return q.bound, q.ratio, q.step, q.sign
    if isinstance(q, Central):
        return q.middle, q.step, q.left, q.right
    return (*draw.radii, 0.0, 0.0)


def _packed(words: Sequence[int]) -> bytes:
    return struct.pack(f"={len(words)}I", *words)


def _long(value: int) -> tuple[int, int]:
    return value & MASK, value >> 32 & MASK
