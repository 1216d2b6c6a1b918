"""What a kernel is launched with, and what refuses to be launched."""

from __future__ import annotations

import importlib.resources
import importlib.util
import struct
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest

from agnostic_init.arrays.errors import ParameterError
from agnostic_init.bits.block import block
from agnostic_init.bits.key import Key
from agnostic_init.draws.distributions import normal_draw, truncated_normal_draw, uniform_draw
from agnostic_init.draws.engines.cuda.axes import divider
from agnostic_init.draws.engines.cuda.parameters import launch, supported
from agnostic_init.draws.engines.cuda.source import (
    OF_BLOCK,
    OF_DIGIT,
    OF_DRAW,
    OF_KEY,
    arranged,
    source,
)
from agnostic_init.draws.engines.cuda.table import BOUNDS, TABLE_SIZE, coarse, largest, table
from agnostic_init.draws.quantile import quantile

NORMAL = normal_draw(0.0, 1.0, "float32")


def plan(draw=NORMAL, shape=(64, 64), index=None, strides=(64, 1)):
    return launch(draw, Key(1, 2), block(shape, index), strides)


def test_divider():
    random = np.random.default_rng(1)
    divisors = [1, 2, 3, 5, 7, 2**31 - 1, 2**32, 2**32 + 1, 2**62 - 1, 2**62 + 1, 2**63 - 1]
    divisors += [int(n) for n in random.integers(1, 1 << 63, 50)]
    for divisor in divisors:
        magic, shift = divider(divisor)
        assert magic < 1 << 64
        numbers = [0, 1, divisor - 1, divisor, 2 * divisor - 1, 2 * divisor, (1 << 63) - 1]
        numbers += [(1 << 63) - (1 << 63) % divisor - 1]
        numbers += [int(n) for n in random.integers(0, 1 << 63, 50)]
        for number in numbers:
            if 0 <= number < 1 << 63:
                assert (magic * 2 * number >> 64) >> shift == number // divisor


def words(found):
    """The parameters of a launch, which follow the array's address."""
    given = np.frombuffer(found.given, np.uint32)[2:].tolist()
    count = sum(sum(sizes.values()) for sizes in (OF_KEY, OF_BLOCK, OF_DRAW))
    return given[: count + found.variant.digits * sum(OF_DIGIT.values())]


def macros(variant):
    """What a kernel's text defines."""
    lines = source(variant).split("// Stream v1")[0].splitlines()
    return dict(line.removeprefix("#define ").split(" ", 1) for line in lines)


def test_the_text_says_where_each_parameter_lies():
    """As C would lay them out, one after another; the record ends at a multiple of eight bytes."""
    part = block((6, 8, 9), (slice(None), slice(1, 6), slice(None, None, 2)))
    found = launch(NORMAL, Key(3 << 32 | 1, 4 << 32 | 2), part, (100, 7, 1), 5 << 32 | 7)
    text, told = macros(found.variant), words(found)
    assert len(told) == int(text["PARAMETER_WORDS"]) == 52 + 9 * 3
    assert len(found.arguments(1)) == 8 + 8 + 4 * len(told) + 4
    assert found.arguments(9)[:16] == struct.pack("=QQ", 9, 5 << 32 | 7)
    at = {name: int(text[name]) for sizes in (OF_KEY, OF_BLOCK, OF_DRAW) for name in sizes}
    assert told[at["ROUND_KEYS"] : at["ROUND_KEYS"] + 2] == [1, 3]
    assert told[at["OFFSET"] : at["OFFSET"] + 2] == [2, 4]
    assert told[at["BASE"]] == 9
    assert told[at["CENTER"]] == 1 << 31
    numbers = struct.pack("<10I", *told[at["NUMBERS"] : at["NUMBERS"] + 10])
    assert struct.unpack("<5d", numbers) == (1.0, 0.0, 0.0, -np.inf, np.inf)
    for digit, (length, position, place) in enumerate(((5, 2, 1), (5, 9, 7), (6, 72, 100))):
        for name, value in (("LENGTH", length), ("POSITION", position), ("PLACE", place)):
            where = text[f"DIGIT_{name}(d)"].replace("(d)", str(digit))
            assert told[eval(where)] == value, name


def test_parameters_of_another_size_are_refused():
    with pytest.raises(ValueError, match=r"these words must be laid out as \{'ROUND_KEYS': 20, "):
        arranged(OF_KEY, ROUND_KEYS=[0] * 19, OFFSET=[0, 0])
    with pytest.raises(ValueError, match="these words must be laid out as"):
        arranged(OF_KEY, ROUND_KEYS=[0] * 20)


def test_contiguous_memory_is_one_axis():
    for shape, strides in (((4096,), [1]), ((64, 64), [64, 1]), ((1, 64, 1, 64), [7, 64, 3, 1])):
        found = plan(shape=shape, strides=strides)
        assert (found.variant.digits, found.variant.run, found.variant.dense) == (1, 0, True)
        assert found.units == 1024
        assert found.variant.bulk


def test_transposed_memory_is_walked_along():
    """Neighbouring threads write neighbouring addresses, each a whole Philox block's worth."""
    found = plan(strides=(1, 64))
    assert (found.variant.digits, found.variant.run, found.variant.dense) == (2, 1, False)
    assert found.units == 1024


def test_the_lead_of_a_run_costs_a_unit():
    assert plan(shape=(100,), index=slice(1, 9), strides=[1]).units == 3
    assert plan(shape=(10, 9), index=(slice(None), slice(1, 9)), strides=[8, 1]).units == 30


def test_the_fastest_way_to_finish():
    for factor in (
        NORMAL,
        normal_draw(0.0, 1e-20, "bfloat16"),
        uniform_draw(0, 1, "float32"),
        uniform_draw(-0.1, 0.1, "float16"),
    ):
        assert plan(factor).variant.finish == "FACTOR", factor
    for shifted in (
        normal_draw(1.0, 1.0, "float32"),
        normal_draw(1.0j, 0.1, "complex64"),
        uniform_draw(1.0, 2.0, "float32"),
        uniform_draw(-0.1, 0.2, "bfloat16"),
    ):
        assert plan(shifted).variant.finish == "SHIFTED", shifted
    for exact in (
        normal_draw(1.0, 1e-20, "float32"),
        normal_draw(1e-20, 1.0, "float32"),
        normal_draw(0.0, 1e-38, "float32"),
        normal_draw(0.0, 0.0, "float32"),
        uniform_draw(0.0, 1e-36, "float32"),
        uniform_draw(0.0, 1.0, "float64"),
    ):
        assert plan(exact).variant.finish == "EXACTLY", exact


def clips(draw):
    variant = plan(draw).variant
    return variant.clip_low, variant.clip_high


def test_no_clip_where_nothing_can_step_over():
    assert clips(uniform_draw(0, 1, "float32")) == (False, False)
    assert clips(uniform_draw(0, 1, "bfloat16")) == (False, True)
    assert clips(uniform_draw(1.0, 2.0, "float32")) == (False, True)
    assert clips(uniform_draw(-0.1, 0.1, "bfloat16")) == (True, True)
    for dtype in ("float32", "bfloat16"):
        draw = truncated_normal_draw(0.0, 1.0, -2.0, 2.0, "sigma", "parent", dtype)
        assert clips(draw) == (False, False)
    assert clips(truncated_normal_draw(0.0, 1.0, -1.0, 3.0, "sigma", "parent", "float32")) == (
        True,
        True,
    )


def test_uniforms_about_zero_are_centered():
    assert plan(uniform_draw(-0.3, 0.3, "float32")).variant.centered
    assert not plan(uniform_draw(-0.3, 0.4, "float32")).variant.centered
    assert not plan(uniform_draw(-1e-40, 1e-40, "float32")).variant.centered


@pytest.mark.parametrize(
    ("draw", "size", "blocks"),
    [
        # A tile of four units for each thread; where there are few, a unit.
        (uniform_draw(0.0, 1.0, "float32"), 1 << 30, (1 << 30) // (256 * 4 * 4)),
        (uniform_draw(0.0, 1.0, "float32"), 1 << 16, (1 << 16) // (256 * 4)),
        (uniform_draw(0.0, 1.0, "float32"), 1, 1),
        (uniform_draw(0.0, 1.0, "float32"), 1 << 50, (1 << 31) - 1),
        (uniform_draw(0.0, 1.0, "bfloat16"), 1 << 30, 16 * 132),
        (NORMAL, 1 << 30, 132),
    ],
)
def test_blocks_of_the_grid(draw, size, blocks):
    assert plan(draw, (size,), strides=(1,)).blocks(132) == blocks


def test_round_keys():
    seed = 0xFEDCBA9876543210
    words = struct.unpack_from("<20I", launch(NORMAL, Key(seed, 5), block((8,)), [1], 77).given, 8)
    for n in range(10):
        assert words[2 * n] == (seed + n * 0x9E3779B9) % 2**32
        assert words[2 * n + 1] == ((seed >> 32) + n * 0xBB67AE85) % 2**32


def test_shared_memory_is_an_error():
    with pytest.raises(ParameterError, match="`out` must not have elements that share memory"):
        plan(strides=(0, 1))
    assert plan(shape=(64, 1), strides=(1, 0)).units == 16


def test_the_sign_of_a_zero_is_not_forgotten():
    """Draws that differ in it are equal, and plans are kept."""
    draws = [NORMAL._replace(shift=shift) for shift in (0.0, -0.0)]
    assert draws[0] == draws[1]
    assert plan(draws[0]).given != plan(draws[1]).given


def test_plans_of_two_keys_differ_in_the_first_words():
    one, other = (
        words(launch(NORMAL, Key(*key), block((8,)), [1])) for key in ((1, 2), (3 << 40, 4 << 40))
    )
    assert one[22:] == other[22:]
    assert one[20:22] == [2, 0]
    assert other[20:22] == [0, 4 << 8]
    assert (one[:2], other[:2]) == ([1, 0], [0, 3 << 8])


def test_other_dtypes_are_not_supported():
    assert not supported(normal_draw(0.0, 1.0, "float8_e5m2"))


def test_sources_include_nothing():
    assert not any(line.startswith("#include") for line in source(plan().variant).splitlines())


@pytest.mark.parametrize("bounds", [(-np.inf, np.inf), (-2.0, 2.0)])
def test_table(bounds):
    words = table(quantile(*bounds, 24))
    assert words.shape == (TABLE_SIZE, 4)
    # Each segment begins where the one before it, which is further out, ends.
    start = (words[:, 1].astype(np.float64) * 2.0**32 + words[:, 0]) * 2.0**-61
    cubic = (words[:, 0] & 0xFFFFF) * 2.0**-37
    end = start + words[:, 2] * 2.0**-39 + words[:, 3] * 2.0**-47 + cubic
    assert np.all(np.abs(end[1:] - start[:-1]) < 1e-6)
    assert not words.flags.writeable


@pytest.mark.parametrize("bounds", [(-np.inf, np.inf), (-2.0, 2.0)])
def test_coarse_table(bounds):
    words = coarse(quantile(*bounds, 24)).astype(np.float64)
    assert words.shape == (TABLE_SIZE, 2)
    start, first, second = words[:, 1], words[:, 0] // 256 / 4, words[:, 0] % 256 * 64
    assert np.all(np.abs((start + first + second)[1:] - start[:-1]) < 100)


def test_the_file_of_tables_is_what_makes_it():
    place = Path(__file__).parents[2] / "data" / "make_cuda_tables.py"
    spec = importlib.util.spec_from_file_location("make_cuda_tables", place)
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    file = importlib.resources.files("agnostic_init.draws.engines.cuda") / "tables.bin"
    assert maker.content() == file.read_bytes()


@pytest.mark.parametrize("bounds", BOUNDS)
def test_the_largest_value(bounds):
    q = quantile(*bounds, 24)
    assert np.float32(-NormalDist().inv_cdf(q.right + q.step)) == largest(q)


def test_bfloat16_has_a_table_of_its_own():
    for dtype, scale, mean, kind in (
        ("bfloat16", 0.02, 0.0, "COARSE"),
        ("bfloat16", 0.02, 1.0, "TABLE"),  # shifted in float64
        ("bfloat16", 1e-37, 0.0, "TABLE"),  # all in float64
        ("float16", 0.02, 0.0, "TABLE"),
    ):
        found = plan(normal_draw(mean, scale, dtype))
        assert found.variant.kind == kind
        assert found.table is (coarse if kind == "COARSE" else table)
