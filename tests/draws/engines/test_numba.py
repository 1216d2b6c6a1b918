"""The compiled kernels give the reference's bits: for every input, every dtype, every position."""

from __future__ import annotations

import hashlib
import math
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from agnostic_init.bits import Key, Positions
from agnostic_init.bits.stream import element_words
from agnostic_init.bits.words import Wide
from agnostic_init.draws.distributions import (
    bits_draw,
    normal_draw,
    truncated_normal_draw,
    uniform_draw,
)
from agnostic_init.draws.engines import numba as engine
from agnostic_init.draws.reference import evaluate

if "numba" in os.environ.get("AGNOSTIC_INIT_REQUIRE", "").split(","):
    import numba  # noqa: F401
else:
    pytest.importorskip("numba")

TABLES = {
    2.0: ("576eb23686f22385fa2aec29b33564fc19ab3a64f28106736a58e672fbe95739", -1.9999995),
    math.inf: ("68de782a4d7fc72e60ec986daf945ad7fe32ff027d63fffd8c7fed60d6c99a33", -5.4199834),
}
STORAGE = {"bfloat16": np.uint16}
WIDE = Wide(np, np.uint64, None, signed=False)
KEY = Key(42)
DTYPES = ("float32", "float64", "float16", "bfloat16")


def truncated(lower, upper, dtype="float32", mean=0.0, std=1.0, bounds="sigma"):
    return truncated_normal_draw(mean, std, lower, upper, bounds, "parent", dtype)


def stored(draw, values):
    if draw.dtype != "bfloat16":
        return values.astype(draw.dtype)
    bits = values.view(np.uint32).astype(np.uint64)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype(np.uint16)


def evaluated(draw, words):
    """The reference's values in the storage of the draw's dtype."""
    values = evaluate(draw, np, np.float32, np.float64, words)
    if isinstance(values, tuple):
        return np.stack(values, axis=-1).reshape(-1).view(draw.dtype)
    return stored(draw, values)


def expected(draw, key, positions):
    words = element_words(WIDE, key.words, key.offset, positions, draw.words)
    words = [word.reshape(-1) for word in words]
    if draw.kind == "bits":
        return words[0].astype(draw.dtype)
    return evaluated(draw, words)


def filled(draw, key, positions, start=0, stop=None):
    out = np.zeros(positions.size, STORAGE.get(draw.dtype, draw.dtype))
    engine.fill(draw, key, positions, out, start, out.size if stop is None else stop)
    return out


def same_bits(first, second):
    assert first.dtype == second.dtype
    np.testing.assert_array_equal(first.view(np.uint8), second.view(np.uint8))


@pytest.mark.parametrize("bound", TABLES)
def test_every_input_of_the_normal_and_two_sigmas(bound):
    out = np.empty(1 << 24, np.float32)
    draw = normal_draw(0, 1, "float32") if bound == math.inf else truncated(-bound, bound)
    engine.fill_from_words(draw, np.arange(1 << 24, dtype=np.uint32), out)
    half = 1 << 23
    digest, least = TABLES[bound]
    assert hashlib.sha256(out[:half].tobytes()).hexdigest() == digest
    assert out[0] == np.float32(least)
    np.testing.assert_array_equal(out[half:], -out[:half][::-1])


def test_every_input_of_the_uniform_and_the_upper_byte_of_a_word():
    words = np.arange(1 << 24, dtype=np.uint32)
    unit, symmetric = np.empty((2, 1 << 24), np.float32)
    engine.fill_from_words(uniform_draw(0, 1, "float32"), words, unit)
    words |= np.uint32(0xA5000000)
    engine.fill_from_words(uniform_draw(-0.3, 0.3, "float32"), words, symmetric)
    m = np.arange(1 << 24, dtype=np.float32)
    np.testing.assert_array_equal(unit, m * np.float32(2.0**-24))
    m -= np.float32(2.0**23)
    m *= np.float32(2.0**-23)
    m *= np.float32(0.3)
    np.testing.assert_array_equal(symmetric[1:], m[1:])
    assert -0.3 <= symmetric[0] <= -0.29999998


DRAWS = {
    "uniform": lambda dtype: uniform_draw(0, 1, dtype),
    "uniform symmetric": lambda dtype: uniform_draw(-0.1, 0.1, dtype),
    "uniform odd": lambda dtype: uniform_draw(-0.3, 1.7, dtype),
    "uniform [1, 2)": lambda dtype: uniform_draw(1, 2, dtype),
    "uniform narrow": lambda dtype: uniform_draw(1, 1.03, dtype),
    "uniform tiny": lambda dtype: uniform_draw(-2e-6, 1e-6, dtype),
    "uniform of few": lambda dtype: uniform_draw(-65504, 65504, dtype),
    "normal": lambda dtype: normal_draw(0, 1, dtype),
    "normal small": lambda dtype: normal_draw(0, 1e-6, dtype),
    "normal moved": lambda dtype: normal_draw(-2.7, 0.02, dtype),
    "normal large": lambda dtype: normal_draw(3, 11000, dtype),
    "normal of no width": lambda dtype: normal_draw(1.25, 0, dtype),
    "two sigmas": lambda dtype: truncated(-2, 2, dtype, 0.1, 0.7),
    "wide": lambda dtype: truncated(-9, 7.5, dtype),
    "absolute": lambda dtype: truncated(-1, 0.4, dtype, 0.1, 0.3, "absolute"),
    "right of 4": lambda dtype: truncated(4, 1000, dtype),
    "right of 8": lambda dtype: truncated(8, 1e5, dtype, 0, 0.1),
    "left of -5": lambda dtype: truncated(-math.inf, -5, dtype),
    "right of -1": lambda dtype: truncated(-1, math.inf, dtype),
    "right of 29": lambda dtype: truncated(29, math.inf, dtype),
    "around the far limit": lambda dtype: truncated(4.9, 5.1, dtype),
    "narrow": lambda dtype: truncated(0.5, 0.5625, dtype),
    "narrow in the tail": lambda dtype: truncated(-6.03125, -6, dtype),
    "far": lambda dtype: truncated(-40, -39, dtype),
    "farther": lambda dtype: truncated(30, math.inf, dtype),
    "farthest": lambda dtype: truncated(2000, 2001, dtype),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", DRAWS)
def test_a_draw_has_the_bits_of_the_reference(name, dtype):
    draw = DRAWS[name](dtype)
    assert engine.supports(draw)
    positions = Positions(3, (20_011,), (1,))
    same_bits(filled(draw, KEY, positions), expected(draw, KEY, positions))


@pytest.mark.parametrize("bound", [1e60, 1e149, 1e153, 1e155, 1e300])
def test_bounds_whose_squares_overflow(bound):
    draw = truncated(bound, math.inf, "float64")
    positions = Positions(0, (100,), (1,))
    with np.errstate(over="ignore"):
        same_bits(filled(draw, KEY, positions), expected(draw, KEY, positions))


def test_extreme_mantissas():
    ends = np.array([0, 1, 2, 3, (1 << 23) - 1, 1 << 23, (1 << 24) - 2, (1 << 24) - 1], np.uint32)
    for name, make in DRAWS.items():
        draw = make("float32")
        out = np.empty(ends.size, np.float32)
        engine.fill_from_words(draw, ends, out)
        want = evaluate(draw, np, np.float32, np.float64, [ends.astype(np.uint64)])
        np.testing.assert_array_equal(out, want, err_msg=name)
    pairs = np.array([[0, 0], [1, 0], [2**32 - 1, 2**21 - 1], [2**32 - 2, 2**32 - 1]], np.uint32)
    for name, make in DRAWS.items():
        draw = make("float64")
        out = np.empty(len(pairs))
        engine.fill_from_words(draw, pairs.reshape(-1), out)
        words = [pairs[:, n].astype(np.uint64) for n in (0, 1)]
        want = evaluate(draw, np, np.float32, np.float64, words)
        np.testing.assert_array_equal(out, want, err_msg=name)


def test_float16_of_every_kind_of_float32():
    """Bit patterns all over, ties and subnormals among them, by a draw that leaves u as it is."""
    words = np.arange(1 << 24, dtype=np.uint32)
    for exponent in (0, -14, 15):
        draw = replace(uniform_draw(0, 1, "float16"), scale=2.0**exponent, high=math.inf)
        out = np.empty(words.size, np.float16)
        engine.fill_from_words(draw, words, out)
        with np.errstate(over="ignore"):
            want = (words.astype(np.float32) * np.float32(2.0 ** (exponent - 24))).astype("float16")
        np.testing.assert_array_equal(out, want)


@pytest.mark.parametrize("dtype", ["uint32", "int64"])
def test_bits(dtype):
    draw = bits_draw(dtype)
    positions = Positions(1, (5000,), (1,))
    got = filled(draw, KEY, positions)
    same_bits(got, expected(draw, KEY, positions))
    assert got[0] == 0x77F5493B


KEYS = [Key(42), Key(2**64 - 1, 2**32 - 3), Key(1 << 32, 2**64 - 2), Key(7, 2**63 + 12345)]
PLACES = [
    Positions(0, (4099,), (1,)),
    Positions(2**34 - 130, (1500,), (1,)),
    Positions(2**64 - 300, (300,), (1,)),
    Positions(2**64 - 9, (3, 3), (3, 1)),
    Positions(5, (1000, 3), (64, 1)),
    Positions(6, (11, 67), (129, 1)),
    Positions(1, (7, 500), (4096, 1)),
    Positions(2**40 + 3, (5, 4, 70), (2**37, 1000, 1)),
    Positions(10_000, (2500,), (-3,)),
    Positions(4999, (50, 100), (-100, 1)),
    Positions(4999, (50, 100), (-100, -1)),
    Positions(2**63 + 1, (3, 2, 2, 2, 5), (2**60, 2**50, 2**40, 2**30, 2**20)),
    Positions(17, (1,), (1,)),
    Positions(0, (0,), (1,)),
]


@pytest.mark.parametrize("key", KEYS, ids=repr)
@pytest.mark.parametrize("positions", PLACES, ids=repr)
def test_positions_anywhere(key, positions):
    draws = [bits_draw("uint32"), normal_draw(0, 1, "float32"), uniform_draw(0, 1, "float64")]
    draws += [normal_draw(0, 1, "complex64"), normal_draw(0.5 + 0.5j, 2, "complex128")]
    for draw in draws:
        assert engine.supports(draw)
        same_bits(filled(draw, key, positions), expected(draw, key, positions))


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_any_part_of_any_positions(data):
    word = st.integers(0, 2**64 - 1)
    key = Key(data.draw(word), data.draw(word))
    counts = tuple(data.draw(st.lists(st.integers(1, 12), max_size=3)))
    counts += (data.draw(st.integers(1, 300)),)
    stride = st.one_of(st.just(1), st.integers(-(2**58), 2**58))
    strides = tuple(data.draw(stride) for _ in counts)
    # A position is a place in an array of at most 2^64 elements: none is beyond its ends.
    spans = [stride * (count - 1) for stride, count in zip(strides, counts, strict=True)]
    first, last = -sum(min(0, s) for s in spans), 2**64 - 1 - sum(max(0, s) for s in spans)
    assume(first <= last)
    positions = Positions(min(max(data.draw(word), first), last), counts, strides)
    start = data.draw(st.integers(0, positions.size))
    stop = data.draw(st.integers(start, positions.size))
    draw = data.draw(st.sampled_from([bits_draw("int64"), truncated(-2, 1, "float64")]))
    if draw.words == 2 or strides[-1] != 1:
        want = expected_one_by_one(draw, key, positions)
    else:
        want = expected(draw, key, positions)
    got = filled(draw, key, positions, start, stop)
    same_bits(got[start:stop], want[start:stop])
    assert not got[:start].any()
    assert not got[stop:].any()


def expected_one_by_one(draw, key, positions):
    """Every position by itself, so that none of the reference's own cuts is relied on."""
    grid = np.full(positions.counts, positions.base, np.uint64)
    for axis, (count, stride) in enumerate(zip(positions.counts, positions.strides, strict=True)):
        steps = np.arange(count, dtype=np.uint64) * np.array([stride % 2**64], np.uint64)
        grid += steps.reshape([-1 if d == axis else 1 for d in range(len(positions.counts))])
    per_block = 4 // draw.words
    counters = (grid.reshape(-1) // np.uint64(per_block)) + np.array([key.offset], np.uint64)
    from agnostic_init.bits.philox import philox

    blocks = np.stack(philox(WIDE, WIDE.split(counters), *key.words), axis=-1)
    lane = (grid.reshape(-1) % np.uint64(per_block)).astype(np.int64) * draw.words
    words = [blocks[np.arange(lane.size), lane + n] for n in range(draw.words)]
    if draw.kind == "bits":
        return words[0].astype(draw.dtype)
    return evaluated(draw, words)


def test_known_answers():
    positions = Positions(0, (4,), (1,))
    got = filled(uniform_draw(0, 1, "float32"), KEY, positions)
    assert got.tolist() == [
        0.9177295565605164, 0.9581486582756042, 0.7473247647285461, 0.2605566382408142,
    ]  # fmt: skip
    got = filled(normal_draw(0, 1, "float32"), KEY, positions)
    same_bits(got, np.array([1.3899606, 1.7295952, 0.66609496, -0.6416302], np.float32))
    got = filled(truncated(-2, 2), KEY, positions)
    same_bits(got, np.array([1.2743076, 1.5325191, 0.63128054, -0.60842925], np.float32))


@pytest.mark.parametrize(
    "draw",
    [
        uniform_draw(0, 1, "complex64"),
        truncated(-1, 1, "complex128"),
        normal_draw(1j, 1, "complex64"),
        normal_draw(0, 1, "float8_e4m3fn"),
    ],
    ids=repr,
)
def test_what_is_left_to_others(draw):
    assert not engine.supports(draw)


def test_importing_the_engine_loads_no_compiler():
    code = (
        "import sys; from agnostic_init.draws.engines import numba as engine;"
        "assert not engine.ready(); assert 'numba' not in sys.modules;"
        "from agnostic_init.draws.distributions import normal_draw;"
        "assert engine.supports(normal_draw(0, 1, 'float32')); assert 'numba' not in sys.modules;"
        "engine.load(); assert engine.ready()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
