"""Blocks: NumPy's basic indexing, in shapes of any size."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from agnostic_init.arrays.errors import ParameterError, ParameterTypeError
from agnostic_init.bits.block import block, checked_shape, pieces


def places(positions):
    """The positions, one by one."""
    grid = np.full(positions.counts, positions.base, dtype=object)
    for axis, (count, stride) in enumerate(zip(positions.counts, positions.strides, strict=True)):
        shape = [1] * len(positions.counts)
        shape[axis] = count
        grid = grid + (np.arange(count).astype(object) * stride).reshape(shape)
    return grid.reshape(-1).tolist()


shapes = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=6)


@given(data=st.data())
def test_positions_are_those_of_the_slice(data):
    shape = data.draw(shapes)
    index = data.draw(hnp.basic_indices(shape, allow_newaxis=False))
    expected = np.arange(np.prod(shape, dtype=int)).reshape(shape)[index]
    part = block(shape, index)
    assert part.shape == np.shape(expected)
    assert places(part.positions()) == np.ravel(expected).tolist()
    assert np.array_equal(
        np.arange(np.prod(shape, dtype=int)).reshape(shape)[part.as_index], expected
    )


@given(data=st.data())
def test_a_part_of_a_block(data):
    shape = data.draw(shapes)
    whole = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    first = data.draw(hnp.basic_indices(shape, allow_newaxis=False))
    outer = block(shape, first)
    second = data.draw(hnp.basic_indices(outer.shape, allow_newaxis=False))
    expected = np.asarray(whole[first])[second]
    part = outer.part(second)
    assert part.shape == np.shape(expected)
    assert places(part.positions()) == np.ravel(expected).tolist()


def test_contiguous_blocks_are_one_axis():
    assert block((4, 5, 6), (slice(1, 3),)).positions().counts == (60,)
    assert block((4, 5, 6), (2, slice(1, 4))).positions().counts == (18,)
    assert block((4, 5, 6), (slice(None), slice(0, 2))).positions().counts == (4, 12)


def test_shapes_beyond_memory():
    part = block((2**21, 2**21, 2**22), (-1, slice(2**21 - 1, None), slice(-3, None)))
    assert places(part.positions()) == [2**64 - 3, 2**64 - 2, 2**64 - 1]
    assert block((2**32, 2**32), (slice(None, None, 2**31), -1)).positions().counts == (2,)


@pytest.mark.parametrize(
    ("shape", "error", "words"),
    [
        ((2, -1), ParameterError, "`shape` must have no negative lengths"),
        ((2, 1.5), ParameterTypeError, "`shape` must be an integer or a sequence of integers"),
        ("ab", ParameterTypeError, "`shape` must be an integer or a sequence"),
        (None, ParameterTypeError, "`shape` must be an integer or a sequence"),
        ((True, 2), ParameterTypeError, "`shape` must be an integer or a sequence"),
        ((2**33, 2**32), ParameterError, r"at most 2\^64 elements"),
    ],
)
def test_bad_shapes(shape, error, words):
    with pytest.raises(error, match=words):
        checked_shape(shape)


@pytest.mark.parametrize(
    ("index", "error", "words"),
    [
        (5, ParameterError, "`index` must be within axis 0 of length 3"),
        ((0, 0, 0), ParameterError, "`index` must have at most 2 items"),
        ((..., ...), ParameterError, "one Ellipsis"),
        (1.0, ParameterTypeError, "`index` must be integers, slices or Ellipsis"),
        ([0, 1], ParameterTypeError, "`index` must be integers, slices or Ellipsis"),
        (True, ParameterTypeError, "`index` must be integers, slices or Ellipsis"),
        (slice(0, 2, 0), ParameterError, "`index` must hold valid slices"),
        (slice("a", 2), ParameterError, "`index` must hold valid slices"),
    ],
)
def test_bad_indices(index, error, words):
    with pytest.raises(error, match=words):
        block((3, 4), index)


@pytest.mark.parametrize(
    "shape", [3, np.int64(3), np.array(3), (3,), [3], np.array([3]), iter([3]), (np.uint8(3),)]
)
def test_a_shape_is_an_integer_or_several(shape):
    lengths = checked_shape(shape)
    assert lengths == (3,)
    assert type(lengths[0]) is int


def test_pieces_cover_an_array_once():
    for shape in ((7, 11, 13), (1000,), (3, 1, 500), (2, 0, 3), ()):
        count = np.zeros(shape, int)
        for index in pieces(shape, 100):
            count[index] += 1
            assert count[index].size <= 100
        assert (count == 1).all()
