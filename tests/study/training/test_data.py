"""Data: what it is made of, how it is split and scaled, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.study.training.data import data_of
from agnostic_init.study.training.datasets import DATASETS, dataset
from agnostic_init.study.training.generated import clusters, regression, spirals

X = np.arange(40.0).reshape(20, 2) ** 1.5
Y = np.arange(20) % 3


@pytest.mark.parametrize("make", [clusters, regression, spirals])
def test_data_is_a_function_of_its_key(make):
    first, again, other = make(80, key=3), make(80, key=3), make(80, key=4)
    for name in ("inputs", "targets", "test_inputs", "test_targets"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
    assert not np.array_equal(first.inputs, other.inputs)
    assert (len(first.inputs), len(first.test_inputs)) == (60, 20)
    np.testing.assert_allclose(first.inputs.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(first.inputs.std(axis=0), 1)


def test_samples_are_split_and_none_is_lost():
    made = data_of(X, Y, scale="none", test=0.3, key=9)
    every = np.concatenate([made.inputs, made.test_inputs])
    assert len(made.test_inputs) == 6
    np.testing.assert_array_equal(every[np.argsort(every[:, 0])], X)
    of = {tuple(row): label for row, label in zip(X.tolist(), Y, strict=True)}
    for row, target in zip(made.inputs.tolist(), made.targets, strict=True):
        assert target.argmax() == of[tuple(row)]


def test_inputs_that_are_alike_are_scaled_together():
    pixels = np.stack([X[:, 0], 3 * X[:, 0], np.full(20, 7.0)], axis=1)
    made = data_of(pixels, Y, scale="together")
    spread = made.inputs.std(axis=0)
    assert spread[1] == pytest.approx(3 * spread[0])
    assert (made.inputs[:, 2] == 0).all()
    assert np.mean(spread**2) == pytest.approx(1)


def test_a_loss_of_one_answer_for_all():
    assert data_of(X, np.arange(20) % 2, test=0.5, scale="none").baseline <= np.log(2)
    numbers = data_of(X, X[:, 0], key=2)
    assert not numbers.classifies
    assert numbers.baseline == pytest.approx(1)


def test_digits_are_scikit_learns():
    pytest.importorskip("sklearn")
    made = dataset("digits")
    assert str(made) == "digits: 1,438 samples and 359 to test, 64 inputs, 10 classes"
    assert made.inputs.std() == pytest.approx(1, abs=0.05)


def test_digits_say_what_is_missing(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sklearn.datasets", None)
    with pytest.raises(ImportError, match=r"scikit-learn|sklearn|agnostic-init\[digits\]"):
        dataset("digits")


def test_the_table_has_what_makes_data():
    assert sorted(DATASETS) == ["clusters", "digits", "regression", "spirals"]


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: data_of(X[:, 0], Y), ai.ParameterError, r"the shape \(samples, inputs\)"),
        (lambda: data_of(X, Y[:5]), ai.ParameterError, "`targets` must be of 20 samples"),
        (lambda: data_of(X, np.eye(20, 3, dtype=int)), ai.ParameterError, "try: targets.argmax"),
        (lambda: data_of(X, Y * 0), ai.ParameterError, "at least two classes"),
        (lambda: data_of(X, Y, test=1), ai.ParameterError, "`test` must be between 0 and 1"),
        (lambda: data_of(X[:2], Y[:2]), ai.ParameterError, "enough samples"),
        (lambda: data_of(X * np.nan, Y), ai.ParameterError, "`inputs` must be finite"),
        (lambda: data_of("abc", Y), ai.ParameterTypeError, "`inputs` must be an array of numbers"),
        (lambda: data_of(X, Y, scale="all"), ai.ParameterError, "`scale` must be one of 'each'"),
        (lambda: data_of(X, ["a"] * 20), ai.ParameterTypeError, "`targets` must be an array of"),
        (lambda: spirals(4), ai.ParameterError, "`samples` must be at least 8"),
        (lambda: spirals(arms=1), ai.ParameterError, "`arms` must be at least 2"),
        (lambda: clusters(spread=-1), ai.ParameterError, "`spread` must not be negative"),
        (lambda: regression(noise="much"), ai.ParameterTypeError, "`noise` must be a real number"),
    ],
)
def test_bad_calls(call, error, words):
    with pytest.raises(error, match=words):
        call()
