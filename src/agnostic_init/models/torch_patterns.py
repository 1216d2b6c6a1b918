"""torch: the pattern of memory that nothing has written, and how many elements still hold it."""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

import numpy as np
import torch

__all__ = ["holding", "is_weak", "nans", "write"]


class _Pattern(NamedTuple):
    """Eight bytes that are repeated.

    Attributes
    ----------
    word
        As an integer.
    quiet
        The bits that arithmetic may set in what it reads.
    weak
        Whether somebody may write the same in good faith.
    unit
        How many bytes are one code, which every element has; 0 if the eight bytes differ.
    """

    word: int
    quiet: int = 0
    weak: bool = False
    unit: int = 0


def _of_codes(code: int, form: str, quiet: int = 0, weak: bool = False) -> _Pattern:
    """One code for each element."""
    unit = struct.calcsize(f"={form}")
    count = 8 // unit
    word, bits = (
        struct.unpack("=q", struct.pack(f"={count}{form}", *[each] * count))[0]
        for each in (code, quiet)
    )
    return _Pattern(word, bits, weak, unit)


# A NaN that signals, with a payload; and the bit that arithmetic sets to silence it.
OF_SINGLE = _of_codes(0x7FA5C3D1, "I", 0x00400000)
OF_DOUBLE = _of_codes(0x7FF5C3D1A5E1B297, "Q", 0x0008000000000000)
OF_HALF = _of_codes(0x7D5B, "H", 0x0200)
# Bytes that differ, so that no constant of fewer is the same.
OF_INTEGERS = _Pattern(0x5AC33CA591E61B72)
OF_DTYPE = {
    torch.float32: OF_SINGLE,
    torch.complex64: OF_SINGLE,
    torch.float64: OF_DOUBLE,
    torch.complex128: OF_DOUBLE,
    torch.float16: OF_HALF,
    torch.complex32: OF_HALF,
    torch.bfloat16: _of_codes(0x7FA5, "H", 0x0040),
    torch.bool: _of_codes(0xA5, "B"),  # neither of the two values
    torch.float8_e5m2: _of_codes(0xFD, "B", weak=True),
    torch.float8_e4m3fn: _of_codes(0xFF, "B", weak=True),
    torch.float8_e5m2fnuz: _of_codes(0x80, "B", weak=True),
    torch.float8_e4m3fnuz: _of_codes(0x80, "B", weak=True),
}
if hasattr(torch, "float8_e8m0fnu"):  # since 2.7
    OF_DTYPE[torch.float8_e8m0fnu] = _of_codes(0xFF, "B", weak=True)
#: Of so many bytes.
INTEGERS = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
CHUNK = 1 << 22  # words that a device compares at once
IN_CACHE = 1 << 15  # and the host


def is_weak(memory: Any) -> bool:
    """Whether elements that hold the pattern may be what somebody wrote.

    So it is in formats that have one NaN, and of integers that are fewer than two words.
    """
    pattern = _pattern(memory)
    few = pattern is OF_INTEGERS and memory.itemsize < 8 and memory.numel() * memory.itemsize < 16
    return pattern.weak or few


def write(memory: Any) -> None:
    """Fill a tensor with the pattern of its dtype."""
    word = _pattern(memory).word
    found = _dense(memory)
    dense = torch.empty(memory.shape, dtype=memory.dtype, device=memory.device).view(-1)
    head, words, tail = _cut(dense if found is None else found)
    words.fill_(word)
    for end, first in ((head, 8 - head.numel()), (tail, 0)):
        if end.numel():
            end.copy_(_bytes(word, memory.device)[first : first + end.numel()])
    if found is None:
        whole = _as_integers(dense.view(memory.shape))
        _as_integers(memory).copy_(whole)


def holding(memory: Any) -> Any:
    """How many elements of a tensor hold it: a tensor of one number on its device, or a number.

    Of integers of less than a word, those count that fill words, and those at either end that are
    no whole word where all of them do.
    """
    pattern = _pattern(memory)
    found = _dense(memory)
    run = memory.contiguous().view(-1) if found is None else found
    if pattern.unit:
        codes = run.view(torch.uint8).view(INTEGERS[pattern.unit])
        return _count(codes, pattern) * pattern.unit // memory.itemsize
    head, words, tail = _cut(run)
    count = _count(words, pattern) * 8 // memory.itemsize
    for end, first in ((head, True), (tail, False)):
        if end.numel():
            rest = _bytes(pattern.word, memory.device)
            rest = rest[: 8 - end.numel()] if first else rest[end.numel() :]
            word = torch.cat([rest, end] if first else [end, rest]).view(torch.int64)
            equal = _equal(word, pattern).sum() * (end.numel() // memory.itemsize)
            count = count + (int(equal) if memory.is_cpu else equal)
    return count


def nans(memory: Any) -> Any:
    """How many elements are NaN: a tensor of one number on its device, or 0 for what has none."""
    if memory.dtype.is_complex or (memory.is_floating_point() and memory.itemsize > 1):
        return memory.isnan().sum()
    return 0


def _pattern(memory: Any) -> _Pattern:
    return OF_DTYPE.get(memory.dtype, OF_INTEGERS)


def _count(run: Any, pattern: _Pattern) -> Any:
    """How many of some words or codes are those of a pattern."""
    if run.is_cpu:  # of which NumPy is faster
        on_host = run.numpy()
        parts = (on_host[n : n + IN_CACHE] for n in range(0, on_host.size, IN_CACHE))
        return sum(int(np.count_nonzero(_equal(part, pattern))) for part in parts)
    return sum(_equal(part, pattern).sum() for part in run.split(CHUNK))


def _equal(words: Any, pattern: _Pattern) -> Any:
    """Where words, or codes of an element, are those of a pattern."""
    low = 1 << (8 * words.itemsize - 1)  # of the codes that torch's integers cannot hold, the sign
    word, quiet = ((each & (2 * low - 1) ^ low) - low for each in (pattern.word, pattern.quiet))
    if quiet:
        words = words | quiet
    return words == (word | quiet)


def _bytes(word: int, device: Any) -> Any:
    return torch.full((1,), word, dtype=torch.int64, device=device).view(torch.uint8)


def _dense(memory: Any) -> Any:
    """A tensor's memory as one run, in whatever order; None if it is none."""
    if not memory.is_contiguous():
        order = sorted(range(memory.ndim), key=memory.stride, reverse=True)
        memory = memory.permute(order)
        if not memory.is_contiguous():
            return None
    return memory.view(-1)


def _as_integers(memory: Any) -> Any:
    """The same bits in a type that no copy changes."""
    if memory.itemsize > 8:
        memory = torch.view_as_real(memory)
    return memory.view(INTEGERS[memory.itemsize])


def _cut(run: Any) -> tuple[Any, Any, Any]:
    """The bytes before the first whole word of the storage, the words, and the bytes after."""
    seen = run.view(torch.uint8)
    before = min(-seen.storage_offset() % 8, seen.numel())
    stop = before + (seen.numel() - before) // 8 * 8
    words = seen[before:stop] if stop > before else seen.new_empty(0)
    return seen[:before], words.view(torch.int64), seen[stop:]
