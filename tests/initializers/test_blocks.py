"""Patterns and gathered weights of axes beyond all memory, and beyond 2^31, 2^32 and 2^63 places."""

from __future__ import annotations

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.arrays.target import library_of
from agnostic_init.initializers.blocks import LIMIT, comparable, digit, positions_along, remainder

FAR = [2**31, 2**32, 2**53, 2**63 - 2, 2**63]


def test_places_and_digits_are_those_of_python():
    for start, step, count in [(3, 2, 4), (9, -3, 4), (LIMIT - 9, 4, 3), (LIMIT - 1, -(2**63), 2)]:
        places = positions_along(start, step, count)
        known = [start + step * n for n in range(count)]
        assert places.tolist() == known
        for stride in (1, 3, 2**32, 2**63, LIMIT):
            for length in (1, 7, 2**33, LIMIT):
                assert digit(places, stride, length).tolist() == [
                    x // stride % length for x in known
                ]
        assert remainder(places, 2**63).tolist() == [x % 2**63 for x in known]


@pytest.mark.parametrize("spread", [1, 2**20, 2**31, 2**40, 2**61])
def test_small_numbers_are_equal_where_the_large_ones_are(spread):
    places = np.array([0, 1, 2, 3, 5, 2, 7], np.uint64) * np.uint64(spread)
    others = np.array([[2], [5], [1], [4]], np.uint64) * np.uint64(spread)
    mine, theirs = comparable(places, others)
    assert mine.dtype == theirs.dtype == np.int32
    np.testing.assert_array_equal(mine == theirs, places == others)
    assert comparable(places, others[:0])[1].shape == (0, 1)


DESCRIBED = [
    (ai.icnr(layout="torch"), (2**34, 4, 3, 3)),
    (ai.icnr("normal", layout="keras", shuffle="tensorflow"), (3, 3, 4, 2**58)),
    (ai.looks_linear("normal"), (2**34, 4)),
    (ai.looks_linear("normal", "outputs", layout="(2 o) i"), (2**62, 2)),
    (ai.dirac(), (2, 2, 2**40)),
    (ai.bilinear(layout="torch"), (2, 2, 2**62)),
    (ai.constant([1.0, 2.0]), (2**40, 2)),
]


@pytest.mark.parametrize(("init", "shape"), DESCRIBED, ids=repr)
def test_nothing_is_allocated_for_a_description_or_a_block(init, shape):
    assert init.describe(shape).shape == shape
    plan = ai.init_tree({"w": shape}, {"*": init}, key=0, dry_run=True)
    assert "w" in str(plan)
    corner = tuple(slice(-2, None) for _ in shape)
    assert init(shape, key=0, index=corner).shape == (2,) * len(shape)
    assert init(shape, key=0, index=(0,) * len(shape)).shape == ()


@pytest.mark.parametrize("n", FAR)
def test_identities_far_out(n):
    part = (slice(n - 2, n + 2), slice(n - 1, n + 2))
    made = ai.identity()((n + 2, 1), index=(slice(n - 2, n + 2), slice(None)))
    np.testing.assert_array_equal(made, np.zeros((4, 1)))
    if n < 2**32:
        np.testing.assert_array_equal(ai.identity()((n + 2, n + 2), index=part), np.eye(4, 3, -1))


def test_identities_of_places_far_apart():
    every = slice(None, None, 2**29)
    made = ai.identity()((2**32, 2**32), index=(every, every))
    np.testing.assert_array_equal(made, np.eye(8))
    made = ai.identity()((2**32, 2**32), index=(slice(2**31, None, -(2**31)), every))
    np.testing.assert_array_equal(made.nonzero(), [[0, 1], [4, 0]])


@pytest.mark.parametrize("n", FAR)
def test_mirrors_far_out(n):
    init, shape = ai.looks_linear("normal", "outputs", layout="o i"), (2 * (n // 2), 1)
    last = init(shape, key=0, index=slice(n - 3, None))
    first = ai.normal()((n // 2, 1), key=0, index=slice(n // 2 - len(last), None))
    np.testing.assert_array_equal(last, -first)


@pytest.mark.parametrize("n", FAR)
def test_repetitions_far_out(n):
    few = n // 4
    for shuffle in ("torch", "tensorflow"):
        init = ai.icnr("normal", 2, layout="o i", shuffle=shuffle, dims=2)
        made = init((4 * few, 1), key=0, index=(slice(4 * few - 3, None), 0))
        known = ai.normal()((few, 1), key=0, index=(slice(few - 3, None), 0))
        np.testing.assert_array_equal(made, known[[2, 2, 2]] if shuffle == "torch" else known)


@pytest.mark.parametrize("step", [2**30, 2**30 + 1, -(2**30), 3 * 2**29])
def test_a_block_of_places_far_apart_needs_no_more_than_it_has(step):
    mirrored = ai.looks_linear("normal", "outputs", layout="o i")
    repeated = ai.icnr("normal", 2, layout="o i", dims=1)
    index = range(2**34)[::step]
    for init in (mirrored, repeated):
        made = init((2**34, 2), key=0, index=slice(None, None, step))
        alone = [init((2**34, 2), key=0, index=n) for n in index]
        np.testing.assert_array_equal(made, alone)


def test_a_pattern_of_a_gain_whose_square_is_no_float():
    assert ai.identity(1e200).describe((2, 2), "float64").std == 0.5e200


STEPS = [
    slice(None, None, 2),
    slice(None, None, -2),
    slice(4, None, 3),
    slice(None, None, 10**20),
    slice(None, None, -(10**20)),
    slice(3, 1, 10**20),
    (slice(None), slice(None, None, 2**63)),
    (slice(1, 4, 2), slice(None, None, -3)),
]


@pytest.mark.parametrize("index", STEPS, ids=str)
@pytest.mark.parametrize(
    "init",
    [
        ai.orthogonal(),
        ai.sparse(0.4),
        ai.identity(),
        ai.constant(np.eye(5)),
        ai.looks_linear("normal", "both", "b o i"),
    ],
    ids=["orthogonal", "sparse", "identity", "constant", "looks-linear"],
)
def test_any_step_is_taken_in_every_library(backend, xp, init, index):
    shape = (5, 2, 4) if isinstance(init, ai.looks_linear) else (5, 5)
    whole = backend.to_numpy(init(shape, key=0, xp=xp))
    part = backend.to_numpy(init(shape, key=0, xp=xp, index=index))
    np.testing.assert_array_equal(part, whole[index])


@pytest.mark.parametrize("dtype", ["float16", "float8_e5m2"])
@pytest.mark.parametrize("name", ["sparse", "constant", "normal"])
def test_steps_backwards_in_small_floats(backend, xp, name, dtype):
    backend.needs(dtype)
    pytest.importorskip("ml_dtypes")
    init = ai.constant(np.arange(20.0).reshape(4, 5)) if name == "constant" else ai.get(name)
    options = {"key": 0, "xp": xp, "dtype": dtype}
    whole, part = init((4, 5), **options), init((4, 5), index=slice(None, None, -3), **options)
    found = [backend.to_numpy(library_of(x).cast(x, "float32")) for x in (whole, part)]
    np.testing.assert_array_equal(found[1], found[0][::-3])
