"""What a kernel is launched with, and what refuses to be launched."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from agnostic_init.arrays.errors import ParameterError
from agnostic_init.bits.block import block
from agnostic_init.bits.key import Key
from agnostic_init.draws.distributions import normal_draw, truncated_normal_draw, uniform_draw
from agnostic_init.draws.engines.cuda.cache import cached, folder
from agnostic_init.draws.engines.cuda.parameters import divider, launch, supported
from agnostic_init.draws.engines.cuda.source import FIXED_WORDS, WORDS_PER_DIGIT, source
from agnostic_init.draws.engines.cuda.table import TABLE_SIZE, coarse, table
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


def test_contiguous_memory_is_one_axis():
    for shape, strides in (((4096,), [1]), ((64, 64), [64, 1]), ((1, 64, 1, 64), [7, 64, 3, 1])):
        found = plan(shape=shape, strides=strides)
        assert (found.variant.digits, found.variant.run, found.variant.dense) == (1, 0, True)
        assert found.units == 1024
        assert len(found.words) == FIXED_WORDS + WORDS_PER_DIGIT


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


def test_shared_memory_is_an_error():
    with pytest.raises(ParameterError, match="`out` must not have elements that share memory"):
        plan(strides=(0, 1))
    assert plan(shape=(64, 1), strides=(1, 0)).units == 16


def test_the_sign_of_a_zero_is_not_forgotten():
    """Draws that differ in it are equal, and plans are kept."""
    draws = [replace(NORMAL, shift=shift) for shift in (0.0, -0.0)]
    assert draws[0] == draws[1]
    assert plan(draws[0]).words != plan(draws[1]).words


def test_plans_of_two_keys_differ_in_the_first_words():
    one, other = (
        launch(NORMAL, Key(*key), block((8,)), [1]).words for key in ((1, 2), (3 << 40, 4 << 40))
    )
    assert one[22:] == other[22:]
    assert one[20:22] == (2, 0)
    assert other[20:22] == (0, 4 << 8)
    assert (one[:2], other[:2]) == ((1, 0), (0, 3 << 8))


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


def test_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("AGNOSTIC_INIT_CACHE_DIR", str(tmp_path / "cache"))
    made = []

    def make():
        made.append(1)
        return b"cubin"

    assert cached(("a", "b"), make) == cached(("a", "b"), make) == b"cubin"
    assert len(made) == 1
    assert cached(("a", "c"), make) == b"cubin"
    assert len(made) == 2
    (damaged, _) = sorted(folder().iterdir())
    damaged.write_bytes(b"damaged")
    assert cached(("a", "b"), make) == cached(("a", "c"), make) == b"cubin"
    assert len(made) == 3
    assert len(list(folder().iterdir())) == 2

    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    monkeypatch.setenv("AGNOSTIC_INIT_CACHE_DIR", str(blocked))
    assert cached(("a", "b"), make) == b"cubin"
