"""Integers and float32 alone: all 2^24 inputs by hash, and which draws are made so."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from agnostic_init.arrays.target import backend as library_named
from agnostic_init.bits.words import Narrow, Wide
from agnostic_init.draws.distributions import normal_draw, truncated_normal_draw, uniform_draw
from agnostic_init.draws.quantile import quantile
from agnostic_init.draws.quantile_tables import table_of
from agnostic_init.draws.reference import evaluate
from agnostic_init.draws.without_float64 import (
    Operations,
    evaluate_without_float64,
    needs_no_float64,
)

CHUNK = 1 << 19


def two_sigmas(std, dtype="float32"):
    return truncated_normal_draw(0, std, -2, 2, "sigma", "parent", dtype)


@pytest.fixture(params=[Narrow, Wide])
def operations(backend, request):
    """Those of each library, on words of 32 bits and in integers of 64."""
    if backend.name in ("dask", "jax"):
        pytest.skip("has words of NumPy, or operations of its own")
    library = library_named("array_api_strict" if backend.name == "strict" else backend.name)
    signed = library.integers == "int64"
    if request.param is Narrow and signed:
        pytest.skip("adds no words of 32 bits")
    if request.param is Narrow:
        return Operations(Narrow(library.xp, library.dtype("uint32"), None))
    return Operations(Wide(library.xp, library.dtype(library.integers), None, signed=signed))


@pytest.mark.slow
def test_all_inputs(backend, operations, quantile_table):
    xp, dtype = operations.xp, operations.arithmetic.dtype
    values = []
    for start in range(0, 1 << 23, CHUNK):
        words = xp.arange(start, start + CHUNK, dtype=dtype)
        made = evaluate_without_float64(quantile_table.draw, operations, [words])
        values.append(backend.to_numpy(made))
    quantile_table.check(np.concatenate(values))


@pytest.mark.parametrize(
    "draw",
    [
        normal_draw(0, 1, "float32"),
        normal_draw(0, 0.02, "float32"),
        normal_draw(0, 1e-26, "float32"),
        normal_draw(0, 3e37, "float32"),
        normal_draw(0, 0.02, "bfloat16"),
        normal_draw(0, 0.3, "complex64"),
        two_sigmas(0.02),
        two_sigmas(0.7, "bfloat16"),
        two_sigmas(0.7, "float8_e4m3fn"),
        uniform_draw(0, 1, "float32"),
        uniform_draw(0, 0.3, "float16"),
        uniform_draw(-0.3, 0.3, "float32"),
        uniform_draw(-1e-20, 1e-20, "float32"),
        uniform_draw(-0.1, 0.1, "bfloat16"),
        normal_draw(1, 0.5, "float32"),
        normal_draw(-1e-3, 1e3, "float32"),
        normal_draw(1e10, 1e-10, "float32"),
        normal_draw(-1e38, 1e37, "float32"),
        normal_draw(2.0**-100, 2.0**-56, "float32"),
        normal_draw(1 - 2j, 0.3, "complex64"),
        normal_draw(1j, 0.3, "complex64"),
        truncated_normal_draw(0.7, 0.2, -2, 2, "sigma", "parent", "float32"),
        truncated_normal_draw(-3, 0.2, -2, 2, "sigma", "parent", "bfloat16"),
        uniform_draw(1, 3, "float32"),
        uniform_draw(-1, 3, "float32"),
        uniform_draw(-3, 1e-7, "float32"),
        uniform_draw(1e-10, 1e10, "float32"),
        uniform_draw(1, 1 + 2**-20, "float32"),
        uniform_draw(0.1, 0.7, "float16"),
    ],
)
def test_the_reference_s_values(backend, operations, draw):
    """Before the cast, which is another's."""
    assert needs_no_float64(draw)
    xp, dtype = operations.xp, operations.arithmetic.dtype
    rng = np.random.default_rng(1)
    numbers = rng.integers(0, 1 << 32, (2, 5000), dtype=np.uint64)
    numbers[:, :6] = [0, 1, (1 << 24) - 1, (1 << 23) - 1, 1 << 23, (1 << 32) - 1]
    numbers = numbers[: draw.words]
    words = [
        xp.asarray(row.astype(str(dtype).rpartition(".")[2])) for row in map(np.asarray, numbers)
    ]
    made = evaluate_without_float64(draw, operations, words)
    expected = evaluate(draw, np, np.float32, np.float64, list(numbers))
    if draw.words == 1:
        made, expected = (made,), (expected,)
    for ours, theirs in zip(made, expected, strict=True):
        np.testing.assert_array_equal(backend.to_numpy(ours), theirs, strict=True)


# Products whose sum with a shift lies next to the middle between two float32, by less than float64 sees.
BESIDE_TIES = [  # digits of the unit and of the scale, and the shift
    (16773121, 4097 << 11, 1.0),  # 1 + 2^-24 + 2^-60
    (16773121, 4097 << 11, 1 + 2.0**-23),
    (262143 << 6, 262145 << 5, 1 + 2.0**-23),  # 1 + 2^-23 + 2^-24 - 2^-60
    (262143 << 6, 262145 << 5, 1.0),
]


@pytest.mark.parametrize("place", BESIDE_TIES)
@pytest.mark.parametrize("positive", [True, False])
def test_sums_are_rounded_twice_as_float64_does(backend, operations, place, positive):
    digits, of_scale, shift = place
    scale = of_scale * 2.0 ** (-24 - math.frexp(float(digits * of_scale))[1] + 48)
    xp, dtype = operations.xp, operations.arithmetic.dtype
    unit = math.copysign(digits * 2.0**-47, positive - 0.5)
    for move in (shift, -shift):
        made = operations.moved(
            xp.full((1,), digits, dtype=dtype),
            xp.zeros((1,), dtype=dtype),
            xp.full((1,), positive, dtype=xp.bool),
            scale,
            move,
        )
        exact = Fraction(unit) * Fraction(scale) + Fraction(move)
        assert Fraction(unit * scale + move) != exact
        assert backend.to_numpy(made).tolist() == [float(np.float32(unit * scale + move))]


def test_a_sum_that_vanishes_is_zero(backend, operations):
    xp, dtype = operations.xp, operations.arithmetic.dtype
    made = operations.moved(
        xp.full((1,), 1 << 23, dtype=dtype),
        xp.full((1,), 24, dtype=dtype),
        xp.full((1,), False, dtype=xp.bool),
        0.75,
        0.75,
    )
    assert backend.to_numpy(made).view(np.uint32).tolist() == [0]


@pytest.mark.slow
@pytest.mark.parametrize(
    "draw",
    [
        normal_draw(0.37, 0.02, "float32"),
        normal_draw(-5, 1e3, "float32"),
        uniform_draw(1, 3, "float32"),
    ],
    ids=["near", "wide", "uniform"],
)
def test_all_inputs_of_what_is_moved(draw):
    """On NumPy, whose operations are the standard's."""
    operations = Operations(Narrow(np, np.uint32, None))
    for start in range(0, 1 << 24, CHUNK):
        words = np.arange(start, start + CHUNK, dtype=np.uint32)
        made = evaluate_without_float64(draw, operations, [words])
        expected = evaluate(draw, np, np.float32, np.float64, [words])
        np.testing.assert_array_equal(made.view(np.uint32), expected.view(np.uint32))


@pytest.mark.parametrize(
    "draw",
    [
        normal_draw(1, 1, "float64"),
        normal_draw(0, 1, "float64"),
        normal_draw(1, 0, "float32"),
        normal_draw(0, 1e-30, "float32"),
        normal_draw(1, 1e-18, "float32"),
        normal_draw(1e-31, 1, "float32"),
        normal_draw(1 + 1e-31j, 1, "complex64"),
        two_sigmas(1, "float64"),
        two_sigmas(1, "complex64"),
        truncated_normal_draw(0, 1, -1, 2, "sigma", "parent", "float32"),
        truncated_normal_draw(0, 1, 40, math.inf, "sigma", "parent", "float32"),
        uniform_draw(1e-31, 2, "float32"),
        uniform_draw(0, 1, "float64"),
        uniform_draw(-1, 1, "complex64"),
    ],
)
def test_what_is_left_to_float64(draw):
    assert not needs_no_float64(draw)


def test_the_tables_are_small_and_of_their_quantiles():
    tables = [table_of(quantile(-bound, bound, 24)) for bound in (math.inf, 2.0)]
    assert sum(column.nbytes for table in tables for column in table.columns) <= 1 << 16
    assert table_of(quantile(-1.0, 1.0, 24)) is None
    assert table_of(quantile(-2.0, 2.0, 53)) is None
    assert table_of(None) is None


@pytest.mark.parametrize("bound", [math.inf, 2.0])
def test_pieces_are_the_polynomials_of_the_exact_quantile(bound):
    """At the left end of some pieces of the middle, to what pieces were moved by."""
    import mpmath as mp

    table = table_of(quantile(-bound, bound, 24))
    with mp.workdps(40):
        mass = mp.erf(bound / mp.sqrt(2)) if math.isfinite(bound) else mp.mpf(1)
        for number in range(1, 256, 17):
            k = mp.mpf(number << 15)
            exact = mp.sqrt(2) * mp.erfinv(k * mass / (1 << 24)) * (1 << 24) / k
            high, low = (int(column[number]) for column in table.columns[:2])
            assert abs((high << 32 | low) / mp.mpf(2) ** 61 - exact) < mp.mpf(2) ** -37
