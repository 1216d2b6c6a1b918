"""The reference as an engine: any library, any device, in pieces that bound the memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agnostic_init.arrays.library import Library
from agnostic_init.bits.block import Block, Positions, pieces
from agnostic_init.bits.key import Key
from agnostic_init.bits.stream import element_words
from agnostic_init.bits.words import Narrow, Wide
from agnostic_init.draws.record import Draw
from agnostic_init.draws.reference import evaluate

__all__ = ["arithmetic_of", "assembled", "compute", "fill", "values"]

PIECE = 1 << 22  # elements; the intermediate arrays of a piece take some 200 bytes each


def fill(draw: Draw, key: Key, block: Block, out: Any, library: Library) -> None:
    """Write the values into an array of the library."""
    device = library.device_of(out)
    if block.size <= PIECE:
        library.write(out, compute(draw, key, block, library, device))
        return
    for index in pieces(block.shape, PIECE):
        library.write(out[index], compute(draw, key, block.part(index), library, device))


def compute(draw: Draw, key: Key, block: Block, library: Library, device: Any) -> Any:
    """The block's values at once, in array operations."""
    arithmetic = arithmetic_of(library, device)
    result = values(draw, arithmetic, library, key.words, key.offset, block.positions())
    return library.xp.reshape(result, block.shape)


def arithmetic_of(library: Library, device: Any) -> Narrow | Wide:
    """How the library computes with words on a device."""
    dtype = library.dtype(library.integers)
    if library.integers == "uint32":
        return Narrow(library.xp, dtype, device)
    return Wide(library.xp, dtype, device, signed=library.integers == "int64")


def values(
    draw: Draw, arithmetic: Any, library: Library, key_words: Any, offset: Any, positions: Positions
) -> Any:
    """The values at positions, in the draw's dtype."""
    xp = library.xp
    words = element_words(arithmetic, key_words, offset, positions, draw.words)
    if draw.kind == "bits":
        return library.cast(words[0], draw.dtype)
    result = evaluate(draw, xp, xp.float32, xp.float64, words)
    return assembled(draw, library.cast, result)


def assembled(draw: Draw, cast: Callable[[Any, str], Any], result: Any) -> Any:
    """Computed values, or their real and imaginary parts, in the draw's dtype."""
    if isinstance(result, tuple):
        real, imag = (cast(part, draw.dtype) for part in result)
        return real + imag * 1j
    return cast(result, draw.dtype)
