"""The page of a training comparison: its words, its curves with their bands, its tables."""

from __future__ import annotations

import math

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init import study


@pytest.fixture(scope="module")
def found():
    inits = {"good": "glorot_uniform", "zeros": "zeros", "far": ai.normal(0, 1e160)}
    options = {"hidden": (6,), "epochs": 2, "seeds": 3, "optimizer": study.SGD(rate=0.1)}
    return study.train(inits, study.clusters(160), **options)


def test_its_words(found):
    page = found.page()
    assert page.title == "Training from good, zeros, far"
    assert "over 3 seeds" in page.summary
    good, zeros, far = page.findings
    assert (good.title, good.problems) == ("good", ())
    assert "symmetry never broken: the 6 units of layer 1 are one" in zeros.sentences
    assert far.problems == ("diverged: the loss of 3 of 3 seeds is not finite after 0 steps",)


def test_its_curves_are_medians_within_their_bands(found):
    page = found.page()
    assert [each.title for each in page.pictures] == ["Train loss", "Test loss", "Test accuracy"]
    for picture, curve in zip(page.pictures, found.curves.values(), strict=True):
        series = picture.series[0]
        assert series.x == tuple(found.steps)
        np.testing.assert_array_equal(series.y, np.median(curve[0], axis=0))
        assert all(a <= b <= c for a, b, c in zip(series.low, series.y, series.high, strict=True))
        assert series.low != series.high
        assert all(math.isnan(each) for each in picture.series[2].y)
        assert "far none" in picture.alternative


def test_its_tables(found):
    results, *pairs = found.page().tables
    assert results.header == ("initializer", "train loss", "test loss", "test accuracy")
    assert results.rows[2] == ("far", "none", "none", "none")
    assert len(pairs) == 3
    for each in pairs:
        assert all(len(row) == len(each.header) for row in each.rows)
    assert pairs[0].rows[1][2] == "3 of 3 seeds have no result"


def test_it_is_shown_and_saved(found, tmp_path):
    text = study.as_text(found.page(), 80)
    assert "! diverged" in text
    path = study.save(found, tmp_path / "found.txt")
    assert "Two by two" in path.read_text(encoding="utf-8")
