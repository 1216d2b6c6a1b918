"""Exponentially weighted averages: what they are by hand, and their bias."""

from __future__ import annotations

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.study.training.averages import exponentially_weighted_averages


def test_an_average_is_the_sum_that_its_recursion_unrolls_to():
    values = np.linspace(-1.0, 2.0, 12) ** 2
    made = exponentially_weighted_averages(values, 0.8, corrected=False)
    for t in range(1, 13):
        weights = 0.2 * 0.8 ** np.arange(t - 1, -1, -1)
        assert made[t - 1] == pytest.approx(weights @ values[:t], rel=1e-13)


def test_the_correction_makes_the_weights_sum_to_one():
    constant = exponentially_weighted_averages(np.full((50, 3), 7.0), 0.95)
    np.testing.assert_allclose(constant, 7.0, rtol=1e-13)
    plain = exponentially_weighted_averages(np.full(50, 7.0), 0.95, corrected=False)
    np.testing.assert_allclose(plain, 7.0 * (1 - 0.95 ** np.arange(1, 51)), rtol=1e-12)


def test_with_nothing_kept_it_is_the_values():
    assert exponentially_weighted_averages([3, 1, 2], 0).tolist() == [3.0, 1.0, 2.0]
    assert exponentially_weighted_averages([], 0.9).shape == (0,)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (([1.0], 1.0), ai.ParameterError, r"`beta` must be in \[0, 1\), got 1.0; try: 0.9"),
        (([1.0], -0.1), ai.ParameterError, "`beta` must be in"),
        (([1.0], "0.9"), ai.ParameterTypeError, "`beta` must be a real number"),
        ((1.0, 0.9), ai.ParameterTypeError, "`values` must be several"),
        ((["a"], 0.9), ai.ParameterTypeError, "`values` must be numbers"),
    ],
)
def test_bad_calls(arguments, error, words):
    with pytest.raises(error, match=words):
        exponentially_weighted_averages(*arguments)
