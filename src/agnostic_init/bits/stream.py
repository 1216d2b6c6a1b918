"""The words of the elements of a block, in array operations."""

from __future__ import annotations

from typing import Any

from agnostic_init.bits.block import Positions
from agnostic_init.bits.philox import philox

__all__ = ["element_words", "words_at"]

WORDS_PER_BLOCK = 4


def element_words(
    arithmetic: Any, key_words: tuple[Any, Any], offset: Any, positions: Positions, per_element: int
) -> list[Any]:
    """The words of each element: word ``per_element * position + n`` of the stream.

    Parameters
    ----------
    arithmetic
        `Wide` or `Narrow` of the library at hand.
    key_words, offset
        The two words of the key's seed, and its offset; arrays where they are traced.
    positions
        Of the elements.
    per_element
        1, 2 or 4 words for each element.

    Returns
    -------
    list of arrays
        `per_element` arrays of words, each of shape ``positions.counts``.
    """
    per_block = WORDS_PER_BLOCK // per_element
    aligned = positions.strides[-1] == 1 and all(
        stride % per_block == 0 for stride in positions.strides[:-1]
    )
    if aligned:
        return _whole_blocks(arithmetic, key_words, offset, positions, per_element)
    places = arithmetic.positions(positions.base, positions.counts, positions.strides)
    return words_at(arithmetic, key_words, offset, places, per_element)


def _whole_blocks(
    arithmetic: Any,
    key_words: tuple[Any, Any],
    offset: Any,
    positions: Positions,
    per_element: int,
) -> list[Any]:
    """Every run begins at the same place of its block: make whole blocks and trim the ends."""
    xp = arithmetic.xp
    per_block = WORDS_PER_BLOCK // per_element
    *outer, count = positions.counts
    lead = positions.base % per_block
    blocks = -(-(lead + count) // per_block)
    counters = arithmetic.positions(
        positions.base // per_block,
        (*outer, blocks),
        (*(stride // per_block for stride in positions.strides[:-1]), 1),
    )
    lanes = philox(arithmetic, arithmetic.split(arithmetic.add(counters, offset)), *key_words)
    words = []
    for n in range(per_element):
        lane = xp.stack([lanes[per_element * e + n] for e in range(per_block)], axis=-1)
        flat = xp.reshape(lane, (*outer, blocks * per_block))
        words.append(flat[..., lead : lead + count])
    return words


def words_at(
    arithmetic: Any, key_words: tuple[Any, Any], offset: Any, places: Any, per_element: int
) -> list[Any]:
    """The words of elements at any places: make the block of each and keep the lane that is its own.

    `places` are positions as `arithmetic` holds them; the rest is as in `element_words`.
    """
    xp = arithmetic.xp
    per_block = WORDS_PER_BLOCK // per_element
    counters = arithmetic.shift(places, per_block.bit_length() - 1)
    lanes = philox(arithmetic, arithmetic.split(arithmetic.add(counters, offset)), *key_words)
    element = arithmetic.low(places, per_block - 1)
    words = []
    for n in range(per_element):
        word = lanes[n]
        for e in range(1, per_block):
            word = xp.where(element == arithmetic.constant(e), lanes[per_element * e + n], word)
        words.append(word)
    return words
