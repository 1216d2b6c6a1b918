"""The sums of a fingerprint in array operations: what is right, and what serves devices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from agnostic_init.bits.block import Block, Positions, pieces
from agnostic_init.fingerprints.value import LANES

__all__ = ["HIGH", "LOW", "START", "VALUE", "sums", "terms"]

# The first words of the stream of key 0, made odd where they multiply.
VALUE = (0x6627E8D5, 0xE169C58D, 0xBC57AC4D, 0x9B00DBD9)
LOW = (0xF8E4CCA5, 0x5CB200DB, 0xB1A574EB, 0x097EFF67)
HIGH = (0x04FAA329, 0x51C732A7, 0x241513AD, 0x459135E5)
START = (0xC990EF29, 0x6A4474A6, 0x9AC9134F, 0x6D413E04)
# Wellons, "Prospecting for Hash Functions", 2018: a bijection in which any bit changes any other.
SHIFTS = (16, 15, 16)
MULTIPLIERS = (0x7FEB352D, 0x846CA68B)

FULL = 1 << 32


def sums(words: Any, block: Block, xp: Any, device: Any, most: int) -> Iterator[list[Any]]:
    """Four sums for each piece of at most `most` elements, which the library may still compute.

    Parameters
    ----------
    words
        Words of 32 bits, signed or not, of the block's shape or, where an element has several, with
        one axis more. Their products wrap.
    block
        Where the elements are in the whole.
    xp, device
        Of the words.
    """
    several = int(words.shape[-1]) if words.ndim > len(block.shape) else 1
    for index in pieces(block.shape, most):
        parts = _of_one_high(words[index], block.part(index), several)
        for view, (base, counts, strides) in parts:
            held = view
            start = base * several
            axes = [(n, step * several) for n, step in zip(counts, strides, strict=True)]
            axes += [(several, 1)] * (held.ndim - len(axes))
            if not axes:  # of what has no axes, NumPy makes numbers that do not wrap in silence
                held, axes = xp.reshape(held, (1,)), [(1, 0)]
            dtype = xp.int64 if "uint" not in str(words.dtype) else words.dtype
            yield [xp.sum(x, dtype=dtype) for x in terms(held, start, axes, xp, device)]


def _of_one_high(words: Any, block: Block, several: int) -> Iterator[tuple[Any, Positions]]:
    """Parts of a block in which the positions of words have the same upper half."""
    axes = block.axes()
    if 0 in axes.counts:
        return
    ends = [(n - 1) * step * several for n, step in zip(axes.counts, axes.strides, strict=True)]
    first = axes.base * several + sum(end for end in ends if end < 0)
    last = axes.base * several + sum(end for end in ends if end > 0)
    if first // FULL == last // FULL:
        yield words, axes
        return
    longest = max(range(len(ends)), key=lambda axis: abs(ends[axis]))
    middle = axes.counts[longest] // 2
    for half in (slice(0, middle), slice(middle, None)):
        index = (*(slice(None),) * longest, half, ...)
        yield from _of_one_high(words[index], block.part(index), several)


def terms(
    words: Any, start: int, axes: Sequence[tuple[int, int]], xp: Any, device: Any
) -> Iterator[Any]:
    """What each word adds to each of the four sums, in turn.

    Parameters
    ----------
    words
        As of `sums`.
    start
        The position of the first word.
    axes
        Lengths, and how far positions are apart: all of them have the same upper half.
    xp, device
        Of the words.
    """
    signed = "uint" not in str(words.dtype)

    def constant(value: int) -> int:
        value %= FULL
        return value - FULL if signed and value >= FULL // 2 else value

    def folded(x: Any, by: int) -> Any:
        down = x >> by
        return x ^ (down & ((1 << (32 - by)) - 1) if signed else down)

    for lane in range(LANES):
        x = words * constant(VALUE[lane])
        x = x + constant(LOW[lane] * start + HIGH[lane] * (start // FULL) + START[lane])
        for axis, (count, step) in enumerate(axes):
            if count > 1:
                along = xp.arange(count, dtype=words.dtype, device=device)
                shape = tuple(count if n == axis else 1 for n in range(len(axes)))
                x = x + xp.reshape(along * constant(LOW[lane] * step), shape)
        for by, multiplier in zip(SHIFTS, MULTIPLIERS, strict=False):
            x = folded(x, by) * constant(multiplier)
        yield folded(x, SHIFTS[-1])
