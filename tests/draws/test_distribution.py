"""The stream as random numbers: laws and independence, at a false-alarm rate of 1e-6 each."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import agnostic_init as ai

ALARM = 1e-6
N = 1 << 20


@pytest.mark.parametrize(
    ("draw", "law"),
    [
        (ai.draws.uniform, stats.uniform()),
        (ai.draws.normal, stats.norm()),
        (ai.draws.truncated_normal, stats.truncnorm(-2, 2)),
    ],
    ids=["uniform", "normal", "truncated"],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_law(draw, law, dtype):
    """Of Kolmogorov and Smirnov; the grid of 2^-24 is below what a million values can tell."""
    assert stats.kstest(draw(N, key=12, dtype=dtype).astype(float), law.cdf).pvalue > ALARM


def test_a_wrong_law_is_noticed():
    values = ai.draws.normal(N, std=1.02, key=12).astype(float)
    assert stats.kstest(values, stats.norm().cdf).pvalue < ALARM


def test_moments():
    x = ai.draws.normal(1 << 22, key=3).astype(float)
    bound = stats.norm.isf(ALARM / 2)
    for power, mean, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        assert abs(np.mean(x**power) - mean) < bound * np.sqrt(variance / x.size) + 1e-5


@pytest.mark.parametrize("lag", [1, 2, 3, 4, 5, 64, 1000])
def test_neighbours_are_uncorrelated(lag):
    x = ai.draws.normal(N, key=4).astype(float)
    assert abs(np.mean(x[lag:] * x[:-lag])) < stats.norm.isf(ALARM / 2) / np.sqrt(N - lag)


def test_every_bit_and_pairs_of_words():
    words = ai.draws.bits(N, key=5)
    bits = (words[:, None] >> np.arange(32, dtype=np.uint32)) & 1
    z = (bits.mean(axis=0) - 0.5) * 2 * np.sqrt(N)
    assert np.abs(z).max() < stats.norm.isf(ALARM / 64)
    pairs = np.bincount((words[0::2] >> 27) * 32 + (words[1::2] >> 27), minlength=1024)
    assert stats.chisquare(pairs).pvalue > ALARM


def test_folded_keys_are_unrelated():
    key = ai.key(6)
    first = np.stack([ai.draws.normal(64, key=key.fold_in(i)) for i in range(2000)])
    correlation = np.corrcoef(first.T.astype(float))
    off = correlation[~np.eye(64, dtype=bool)]
    assert np.abs(off).max() < stats.norm.isf(ALARM / 64**2) / np.sqrt(2000)
    assert stats.kstest(first.ravel().astype(float), "norm").pvalue > ALARM
