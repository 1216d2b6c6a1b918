"""Blocks of a tensor that have an element in common, and such that have none."""

from __future__ import annotations

import numpy as np
import pytest

from agnostic_init.bits.block import block
from agnostic_init.checkpoint.overlaps import Blocks


def _slice(rng, length):
    start, stop = rng.integers(0, length + 1, 2).tolist()
    step = int(rng.choice([1, 2, 3, 4, 6]))
    return slice(start, stop, step if start <= stop else -step)


@pytest.mark.parametrize("shape", [(17,), (9, 11), (4, 5, 6)])
def test_random_blocks_overlap_where_their_elements_do(shape):
    rng = np.random.default_rng(len(shape))
    overlapping = 0
    for _ in range(400):
        blocks, seen = Blocks(), np.zeros(shape, bool)
        for _ in range(6):
            index = tuple(_slice(rng, length) for length in shape)
            part = block(shape, index)
            found = blocks.overlapped(part)
            assert (found is not None) == bool(seen[index].any())
            if found is None:
                blocks.add(part)
                seen[index] = True
            else:
                overlapping += 1
        assert blocks.elements == seen.sum()
    assert overlapping > 30


def test_numbers_and_many_blocks():
    blocks = Blocks()
    blocks.add(block(()))
    assert blocks.overlapped(block(())) is not None
    rows = Blocks()
    for row in range(1000):
        part = block((1000, 3), row)
        assert rows.overlapped(part) is None
        rows.add(part)
    assert rows.elements == 3000
    assert rows.overlapped(block((1000, 3), (slice(700, None), 2))) == block((1000, 3), 700)
    assert rows.overlapped(block((1000, 3), slice(5, 5))) is None
