"""float64 in integers: each operation gives NumPy's bits, and so do draws that a TPU would make."""

from __future__ import annotations

import math
import operator

import numpy as np
import pytest

from agnostic_init.draws.distributions import (
    normal_draw,
    truncated_normal_draw,
    uniform_draw,
)
from agnostic_init.draws.reference import evaluate

jax = pytest.importorskip("jax")
jnp = jax.numpy

from agnostic_init.draws.engines import jax_float64 as integers
from agnostic_init.draws.engines.jax import X64

INF = math.inf


def numbers(seed, count=4096):
    """Of all sizes that draws have, and some of few digits, so that there are ties and zeros."""
    rng = np.random.default_rng(seed)
    found = rng.standard_normal(count) * 2.0 ** rng.integers(-60, 60, count)
    few = rng.random(count) < 0.3
    found[few] = np.ldexp(np.round(rng.normal(0, 50, few.sum())), rng.integers(-55, 3, few.sum()))
    return found


def held(array):
    """The numbers as integers."""
    fraction, exponent = np.frexp(array)
    digits = np.ldexp(np.abs(fraction), 53).astype(np.uint64)
    exponent = np.where(digits == 0, integers.ZERO, exponent - 53).astype(np.int32)
    return integers._Float64(
        (jnp.asarray(np.signbit(array)), jnp.asarray(exponent), jnp.asarray(digits))
    )


def given_back(found):
    negative, exponent, digits = map(np.asarray, found.parts)
    made = np.ldexp(digits.astype(np.float64), np.where(digits == 0, 0, exponent))
    assert np.all((digits == 0) | (digits >> np.uint64(52) == 1))
    return np.where(negative, -made, made)


@pytest.mark.parametrize("name", ["add", "sub", "mul", "truediv", "lt", "gt", "eq"])
def test_of_two_numbers(name):
    one, other = numbers(1), numbers(2)
    other[:400] = one[:400]
    other[400:800] = -one[400:800]
    other[800:1200] = np.nextafter(one[800:1200], 0)
    # Far apart by about as many digits as there are.
    other[1200:2200] = one[1200:2200] * 2.0 ** np.resize(np.arange(-58, 59), 1000)
    if name == "truediv":
        other[other == 0] = 3.0
    function = getattr(operator, name)
    with X64(True):
        made = function(held(one), held(other))
        made = np.asarray(made) if name in ("lt", "gt", "eq") else given_back(made)
    expected = function(one, other)
    assert made.dtype == expected.dtype
    assert np.array_equal(made.view("u1"), expected.view("u1"))


@pytest.mark.parametrize("number", [0.0, -1.6, math.pi * 2.0**-90])
def test_of_a_number_and_a_python_float(number):
    array = numbers(3)
    with X64(True):
        pairs = [
            (held(array) + number, array + number),
            (number - held(array), number - array),
            (number * held(array), number * array),
        ]
        for made, expected in pairs:
            assert np.array_equal(given_back(made).view("u1"), expected.view("u1"))


def test_of_one_number():
    array = numbers(4)
    positive, small = np.abs(array), array.astype(np.float32)
    roots = positive.copy()
    roots[:2000] = np.square(np.arange(1.0, 2001)) * (1 + np.resize([0, 2**-52, -(2**-53)], 2000))
    roots[2000:3000] = np.nextafter(roots[:1000], 0)
    words = np.random.default_rng(5).integers(0, 1 << 32, 4096, dtype=np.uint32) >> np.uint32(8)
    words[:3] = 0, 1, (1 << 24) - 1
    xp = integers._Namespace
    with X64(True):
        pairs = [
            (xp.sqrt(held(roots)), np.sqrt(roots)),
            (xp.floor(held(positive)), np.floor(positive)),
            (abs(held(array)), np.abs(array)),
            (-held(array), -array),
            (xp.astype(jnp.asarray(small), integers.FLOAT64), small.astype(np.float64)),
            (xp.astype(jnp.asarray(words), integers.FLOAT64), words.astype(np.float64)),
        ]
        for made, expected in pairs:
            assert np.array_equal(given_back(made).view("u1"), expected.view("u1"))


def test_rounded_to_float32():
    """Also to what is subnormal there, and to infinity."""
    array = np.concatenate(
        [numbers(6, 1024), numbers(7, 1024) * 2.0**-120, numbers(8, 1024) * 2.0**100]
    )
    middles = np.random.default_rng(9).standard_normal(512).astype(np.float32).astype(np.float64)
    middles += np.abs(np.spacing(middles.astype(np.float32))).astype(np.float64) / 2
    array = np.concatenate([array, middles, np.nextafter(middles, 0)])
    with X64(True):
        made = np.asarray(integers._Namespace.astype(held(array), jnp.float32))
    with np.errstate(over="ignore"):
        expected = array.astype(np.float32)
    assert np.array_equal(made.view(np.uint32), expected.view(np.uint32))


DRAWS = [
    truncated_normal_draw(0, 1, -1, 3, "sigma", "parent", "float32"),
    truncated_normal_draw(0.5, 2, 1, 9, "sigma", "parent", "float32"),
    truncated_normal_draw(0, 0.02, -0.5, 0.01, "absolute", "parent", "bfloat16"),
    truncated_normal_draw(0, 1, 6, INF, "sigma", "parent", "float32"),
    truncated_normal_draw(0, 1, -INF, -29, "sigma", "parent", "float16"),
    truncated_normal_draw(0, 1, 1e-30, 2e-30, "sigma", "parent", "float32"),
    truncated_normal_draw(0, 1, -1, 1, "sigma", "parent", "complex64"),
    truncated_normal_draw(1 - 2j, 0.3, -3, 3, "sigma", "parent", "complex64"),
    uniform_draw(-2, 2, "complex64"),
    uniform_draw(1, 3, "complex64"),
    normal_draw(2.0**-120, 2.0**-70, "float32"),
]


@pytest.mark.parametrize("draw", DRAWS, ids=str)
def test_the_reference_s_values(draw):
    assert integers.fits(draw)
    words = np.random.default_rng(1).integers(0, 1 << 32, (draw.words, 4096), dtype=np.uint32)
    words[:, :5] = [0, 1, (1 << 24) - 1, (1 << 23) - 1, 1 << 23]
    with X64(True):  # an operation at a time, as XLA takes seconds to compile them together
        made = integers.evaluate_in_integers(draw, [*map(jnp.asarray, words)])
    expected = evaluate(draw, np, np.float32, np.float64, list(words.astype(np.uint64)))
    made, expected = (np.atleast_2d(np.asarray(each)) for each in (made, expected))
    assert np.array_equal(made.view(np.uint32), expected.view(np.uint32))


@pytest.mark.parametrize(
    "draw",
    [
        normal_draw(0, 1, "float64"),
        truncated_normal_draw(0, 1, 31, INF, "sigma", "parent", "float32"),
        truncated_normal_draw(0, 1, -1e-310, 2e-310, "sigma", "parent", "float32"),
    ],
    ids=["float64", "far", "narrow"],
)
def test_what_is_left_to_float64(draw):
    assert not integers.fits(draw)
