"""The statistics against SciPy's and against simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

import agnostic_init as ai
from agnostic_init.study.training.difference import difference, holm, seeds_needed
from agnostic_init.study.training.student import (
    noncentral_probability,
    noncentrality,
    power_of,
    probability,
    quantile,
)

FREEDOMS = (1, 1.7, 2, 4, 9, 30, 200, 5000)
SAMPLES = np.random.default_rng(3).normal(size=(2, 7)) * [[1.0], [0.4]] + [[0.9], [0.0]]


@pytest.mark.parametrize("freedom", FREEDOMS)
def test_students_t_is_scipys(freedom):
    for t in (0.0, 0.01, 0.3, 1.0, 2.5, 6.0, 40.0):
        assert probability(t, freedom) == pytest.approx(2 * stats.t.sf(t, freedom), rel=1e-9)
    for level in (0.5, 0.05, 0.01, 1e-4):
        assert quantile(level, freedom) == pytest.approx(stats.t.isf(level / 2, freedom), rel=1e-9)
    assert probability(math.inf, freedom) == 0.0


@pytest.mark.parametrize("freedom", FREEDOMS)
def test_the_noncentral_one_is_scipys(freedom):
    for t in (-3.0, 0.01, 1.0, 2.5, 6.0):
        for center in (-2.0, 0.0, 0.5, 3.0, 8.0):
            wanted = stats.nct.cdf(t, freedom, center)
            wanted = 0.0 if math.isnan(wanted) else wanted  # SciPy's, far out
            assert noncentral_probability(t, freedom, center) == pytest.approx(wanted, abs=1e-8)
    center = noncentrality(2.5, freedom, 0.975)
    assert noncentral_probability(2.5, freedom, center) == pytest.approx(0.975, abs=1e-9)


def test_a_paired_difference_is_scipys():
    first, second = SAMPLES
    found, wanted = difference(first, second), stats.ttest_rel(first, second)
    assert found.p == pytest.approx(wanted.pvalue, rel=1e-9)
    interval = wanted.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), rel=1e-9)
    assert found.effect == pytest.approx((first - second).mean() / (first - second).std(ddof=1))


def test_welchs_difference_is_scipys():
    first, second = SAMPLES[0], SAMPLES[1, :4]
    found = difference(first, second, "welch")
    wanted = stats.ttest_ind(first, second, equal_var=False)
    assert found.p == pytest.approx(wanted.pvalue, rel=1e-9)
    interval = wanted.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), rel=1e-9)


@pytest.mark.parametrize(("test", "known"), [("paired", 34), ("welch", 64)])
def test_seeds_are_those_of_the_tables(test, known):
    # Cohen, Statistical power analysis, for an effect of one half, 5 %, power 0.8.
    assert seeds_needed(0.5, test) == known
    assert seeds_needed(-0.5, test) == known


def test_seeds_have_the_power_that_was_asked_for():
    rng = np.random.default_rng(11)
    for effect in (0.6, 1.5):
        seeds = seeds_needed(effect, power=0.9, level=0.01)
        draws = rng.normal(effect, 1, (20_000, seeds))
        seen = (stats.ttest_1samp(draws, 0, axis=1).pvalue < 0.01).mean()
        fewer = power_of(effect * math.sqrt(seeds - 1), seeds - 2, 0.01)
        power = power_of(effect * math.sqrt(seeds), seeds - 1, 0.01)
        assert fewer < 0.9 <= power
        assert seen == pytest.approx(power, abs=0.013)  # six standard deviations


def test_the_seeds_of_unequal_variances_have_their_power():
    u, v = 1.0, 9.0
    seeds = seeds_needed(0.8, "welch", ratio=(u + v) ** 2 / (u * u + v * v))
    rng = np.random.default_rng(12)
    first = rng.normal(0.8 * math.sqrt((u + v) / 2), math.sqrt(u), (20_000, seeds))
    second = rng.normal(0, math.sqrt(v), (20_000, seeds))
    seen = (stats.ttest_ind(first, second, axis=1, equal_var=False).pvalue < 0.05).mean()
    assert 0.79 < seen < 0.84


def test_the_interval_of_the_effect_holds_it_as_often_as_it_says():
    rng, effect, inside = np.random.default_rng(13), 0.8, 0
    true = seeds_needed(effect)
    for _ in range(30):
        found = difference(rng.normal(effect, 1, 5), np.zeros(5))
        inside += found.seeds_low <= true <= found.seeds_high
    assert 24 <= inside <= 30  # 28.5 on average


def test_samples_that_do_not_vary():
    same = difference([0.5, 0.5, 0.5], [0.5, 0.5, 0.5])
    assert (same.p, same.effect, same.seeds) == (1.0, 0.0, math.inf)
    apart = difference([0.5, 0.5, 0.5], [0.2, 0.2, 0.2], "welch")
    assert (apart.p, apart.effect, apart.seeds) == (0.0, math.inf, 2)
    nothing = difference([1.0, -1.0], [0.0, 0.0])
    assert (nothing.seeds, nothing.seeds_high) == (math.inf, math.inf)
    assert nothing.p == pytest.approx(1.0)


def test_holm_is_at_least_the_p_and_at_most_bonferronis():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []
    assert holm([0.9, 0.8]) == [1.0, 1.0]


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: difference([1.0], [2.0]), ai.ParameterError, "`first` must have at least two num"),
        (lambda: difference([1.0, 2.0], [1.0, 2.0, 3.0]), ai.ParameterError, "to be paired.*welch"),
        (lambda: difference([1.0, 2.0], [1.0, math.nan]), ai.ParameterError, "`second` must be fi"),
        (lambda: difference("ab", [1.0, 2.0]), ai.ParameterTypeError, "`first` must be numbers"),
        (lambda: difference([1, 2], [2, 3], "anova"), ai.ParameterError, "`test` must be one of"),
        (lambda: difference([1, 2], [2, 3], power=1), ai.ParameterError, "`power` must be between"),
        (lambda: seeds_needed(1.0, level=0), ai.ParameterError, "`level` must be between 0 and 1"),
        (lambda: seeds_needed(math.nan), ai.ParameterError, "`effect` must not be NaN"),
    ],
)
def test_bad_calls(call, error, words):
    with pytest.raises(error, match=words):
        call()
