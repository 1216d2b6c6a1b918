"""From a draw, a key and a block to a kernel and the words that it is launched with."""

from __future__ import annotations

import functools
import math
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from agnostic_init.arrays.errors import must
from agnostic_init.bits.block import Block
from agnostic_init.bits.key import Key
from agnostic_init.bits.philox import KEY_STEPS, ROUNDS
from agnostic_init.draws.engines.cuda.axes import axes_of, divider
from agnostic_init.draws.engines.cuda.finish import finished, kind_of
from agnostic_init.draws.engines.cuda.source import (
    FORMS,
    OF_BLOCK,
    OF_DIGIT,
    OF_DRAW,
    OF_KEY,
    Variant,
    arranged,
)
from agnostic_init.draws.engines.cuda.table import coarse, table
from agnostic_init.draws.record import Central, Draw, Tail

__all__ = ["Launch", "Plan", "launch", "launch_of", "planned", "supported"]

MASK, LIMIT = 0xFFFFFFFF, 1 << 64
MOST_BLOCKS = (1 << 31) - 1
# The address of an array, and the words of `OF_KEY`.
HEAD = struct.Struct(f"=Q{4 * OF_KEY['ROUND_KEYS']}sQ")
# All round keys in one integer, of 32 bits each: those of the low word in the even places.
ONES = sum(1 << 64 * n for n in range(ROUNDS))
EVEN = MASK * ONES
STEPS = [sum((n * step & MASK) << 64 * n for n in range(ROUNDS)) for step in KEY_STEPS]


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
    base, axes = axes_of(block, strides)
    # The axis along which positions are consecutive, or -1.
    run = next((n for n, axis in enumerate(axes) if axis.position == 1), -1)
    kind, tabled = kind_of(draw)
    variant, fast = finished(
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
