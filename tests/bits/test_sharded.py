"""Sharded: plain memory that is filled with the values of its place in a global array."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import agnostic_init as ai
from agnostic_init.arrays.errors import ParameterError, ParameterTypeError
from agnostic_init.bits.runs import flat_blocks
from agnostic_init.linalg import haar_matrices

INITIALIZERS = {
    "normal": ai.normal(),
    "glorot": ai.glorot_normal(layout="torch"),
    "orthogonal": ai.orthogonal(layout="torch"),
    "sparse": ai.sparse(0.5),
    "identity": ai.identity(),
    "ones": ai.ones(),
    "constant": ai.constant([1.0, 2.0, 3.0, 4.0]),
}
BLOCKS = {
    "all": (None, np.s_[:]),
    "rows": (slice(2, 5), np.s_[2:5]),
    "columns": ((..., slice(1, 3)), np.s_[:, 1:3]),
    "a row": (-1, np.s_[-1]),
    "backwards": ((slice(None, None, -2), slice(0, 3)), np.s_[::-2, 0:3]),
    "nothing": (slice(3, 3), np.s_[3:3]),
    "runs": ([slice(4, 6), slice(0, 1)], np.s_[[4, 5, 0]]),
    "runs of columns": ((..., [slice(0, 1), slice(2, 2), slice(3, 4)]), np.s_[:, [0, 3]]),
    "runs of both": (
        ([slice(0, 2), slice(5, 6)], [slice(3, 4), slice(0, 1)]),
        np.ix_([0, 1, 5], [3, 0]),
    ),
    "a column of runs": (([slice(5, 6), slice(1, 2)], 2), np.s_[[5, 1], 2]),
}


@pytest.mark.parametrize("init", INITIALIZERS.values(), ids=INITIALIZERS)
@pytest.mark.parametrize(("index", "same"), BLOCKS.values(), ids=BLOCKS)
def test_it_is_filled_as_its_place_in_the_whole(init, index, same, backend):
    if backend.name in ("jax", "dask"):
        with pytest.raises(ParameterTypeError, match="can be written"):
            init.fill(ai.Sharded(backend.xp.zeros(4), 4), key=0)
        return
    whole = init((6, 4), key=0)
    shape = whole[same].shape
    local = backend.xp.zeros(shape, dtype=backend.xp.float32)
    sharded = ai.Sharded(local, (6, 4), index)
    assert init.fill(sharded, key=0) is sharded
    rounding = 0 if init.elementwise or backend.name == "numpy" else 1e-6
    np.testing.assert_allclose(backend.to_numpy(sharded.local), whole[same], rtol=0, atol=rounding)


@given(
    shape=st.lists(st.integers(0, 4), max_size=4).map(tuple),
    ends=st.tuples(st.integers(0, 256), st.integers(0, 256)),
)
def test_a_flat_run_is_that_of_the_whole_read_row_by_row(shape, ends):
    whole = ai.normal()(shape, key=0).ravel()
    start, stop = sorted(n % (whole.size + 1) for n in ends)
    local = np.zeros(stop - start, np.float32)
    ai.normal().fill(ai.Sharded(local, shape, flat=(start, stop)), key=0)
    np.testing.assert_array_equal(local, whole[start:stop])
    _, found = flat_blocks(shape, slice(start, stop))
    assert len(found) <= max(1, 2 * len(shape) - 1)


@pytest.mark.parametrize("init", INITIALIZERS.values(), ids=INITIALIZERS)
def test_shards_of_every_family_and_size_put_together_are_the_whole(init):
    whole = init((6, 4), key=0)
    for pieces in (1, 2, 3, 5, 7):
        cuts = np.linspace(0, 24, pieces + 1).astype(int)
        found = []
        for start, stop in itertools.pairwise(cuts.tolist()):
            local = np.zeros(stop - start, np.float32)
            init.fill(ai.Sharded(local, (6, 4), flat=slice(start, stop)), key=0)
            found.append(local)
        np.testing.assert_array_equal(np.concatenate(found), whole.ravel())


def test_memory_of_any_order():
    whole = ai.normal()((6, 4), key=0)
    memory = np.zeros((4, 12), np.float32)
    ai.normal().fill(ai.Sharded(memory[:, ::2].T, (6, 4), [slice(3, 6), slice(0, 3)]), key=0)
    np.testing.assert_array_equal(memory[:, ::2].T, whole[[3, 4, 5, 0, 1, 2]])
    assert not memory[:, 1::2].any()
    line = np.zeros(20, np.float32)
    ai.normal().fill(ai.Sharded(line[::2], (6, 4), flat=slice(5, 15)), key=0)
    np.testing.assert_array_equal(line[::2], whole.ravel()[5:15])


def test_a_place_far_beyond_memory():
    shape, at = (1 << 40, 1 << 20), (1 << 40) - 1
    want = ai.normal()(shape, key=0, index=(at, slice(-3, None)))
    local = np.zeros(3, np.float32)
    ai.normal().fill(ai.Sharded(local, shape, flat=((1 << 60) - 3, 1 << 60)), key=0)
    np.testing.assert_array_equal(local, want)


def test_a_place_within_the_block_of_a_larger_array():
    inner = ai.Sharded(np.zeros((2, 3), np.float32), (4, 3), slice(1, 3))
    ai.normal().fill(inner, key=0, global_shape=(9, 3), index=slice(5, 9))
    np.testing.assert_array_equal(inner.local, ai.normal()((9, 3), key=0)[6:8])


def test_numbers_and_matrices_are_written_too():
    local = np.zeros((2, 3), np.float32)
    sharded = ai.Sharded(local, (4, 3), slice(1, 3))
    assert ai.draws.uniform((4, 3), key=1, out=sharded) is sharded
    np.testing.assert_array_equal(local, ai.draws.uniform((4, 3), key=1)[1:3])
    with pytest.raises(ParameterTypeError, match=r"`like` must be a plain array.*like=like.local"):
        haar_matrices((4, 3), key=1, like=sharded)


def test_what_it_is_of():
    sharded = ai.Sharded(np.zeros(2, np.float16), (4, 2), (3,))
    assert (sharded.shape, sharded.ndim, sharded.dtype) == ((4, 2), 2, np.float16)
    assert repr(sharded) == "Sharded(ndarray of (2,), global_shape=(4, 2), index=(3, 0:2))"
    flat = ai.Sharded(np.zeros(2), (4, 2), flat=slice(5, 7))
    assert repr(flat) == "Sharded(ndarray of (2,), global_shape=(4, 2), flat=5:7)"
    one = ai.Sharded(np.zeros(2), 4, slice(None, None, 2))
    assert repr(one) == "Sharded(ndarray of (2,), global_shape=(4,), index=(0:4:2,))"


LOCAL = np.zeros((2, 3))
BAD = [
    (LOCAL, (4, 3), {}, ParameterError, r"`local` must have the shape \(4, 3\), that of `index`"),
    (LOCAL, (4, 3), {"index": slice(0, 3)}, ParameterError, r"the shape \(3, 3\).*got \(2, 3\)"),
    (LOCAL, (4, 3), {"index": 1}, ParameterError, r"the shape \(3,\)"),
    (LOCAL, (4, 3), {"index": 7}, ParameterError, "`index` must be within axis 0 of length 4"),
    (LOCAL, (4, 3), {"index": "a"}, ParameterTypeError, "`index` must be integers, slices or E"),
    (LOCAL, (4, 3), {"index": [0, 1]}, ParameterTypeError, "must have slices alone in a list"),
    (LOCAL, (4, 3), {"index": []}, ParameterError, r"no empty list.*slice\(0, 0\)"),
    (LOCAL, (4, 3), {"index": [slice(0, 4, 2)]}, ParameterError, "slices of step 1 in a list"),
    (
        LOCAL,
        (4, 3),
        {"index": [slice(0, 2), slice(1, 3)]},
        ParameterError,
        r"runs that do not overlap along axis 0, got \[\(0, 2\), \(1, 3\)\]",
    ),
    (LOCAL, (4, -3), {}, ParameterError, "`shape` must have no negative"),
    (LOCAL, (4, 3), {"flat": slice(0, 6)}, ParameterError, r"the shape \(6,\), that of `flat`"),
    (
        LOCAL,
        (4, 3),
        {"flat": slice(9, 15)},
        ParameterError,
        "12 elements .*only what is no padding",
    ),
    (LOCAL, (4, 3), {"flat": slice(0, 6, 2)}, ParameterError, "a slice of step 1"),
    (LOCAL, (4, 3), {"flat": 6}, ParameterTypeError, "must be a slice of the whole"),
    (LOCAL, (4, 3), {"flat": (0, 6), "index": 0}, ParameterError, "not be given together with"),
    ([0.0], 4, {"index": 0}, ParameterTypeError, "`local` must be an array of a supported library"),
    (ai.Sharded(LOCAL, (2, 3)), (2, 3), {}, ParameterTypeError, "which is no part already"),
]


@pytest.mark.parametrize(("local", "shape", "where", "error", "words"), BAD)
def test_what_does_not_fit_is_told(local, shape, where, error, words):
    with pytest.raises(error, match=words):
        ai.Sharded(local, shape, **where)


def test_memory_that_keeps_nothing_is_refused():
    local = np.zeros(3)
    local.flags.writeable = False
    with pytest.raises(ParameterError, match="read-only"):
        ai.normal().fill(ai.Sharded(local, 6, slice(0, 3)), key=0)
