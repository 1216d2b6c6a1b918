"""Pages and pictures as text."""

from __future__ import annotations

import math

import pytest

from agnostic_init.study import Findings, Histogram, Histograms, Lines, Page, Series, Table, as_text
from agnostic_init.study.plots.terminal import picture_as_text

X = tuple(map(float, range(11)))
FALLING = Series("falling", X, tuple(10.0**-x for x in X))
THEORY = Series("falling, theory", X, tuple(2 * 10.0**-x for x in X), theory=True)


def test_a_logarithmic_line_falls_from_corner_to_corner():
    text = picture_as_text(Lines("Size", "layer", "rms", (FALLING, THEORY), "", y_log=True), 40, 11)
    rows = text.splitlines()
    assert rows[0] == "Size: rms by layer"
    assert "a" in rows[1]
    assert rows[11].rstrip().endswith("a")
    assert rows[13].split() == ["0", "10"]
    assert rows[-2:] == ["a falling", ". theory"]
    assert text.isascii()
    assert max(map(len, rows)) <= 40


def test_what_has_no_place_is_left_out():
    gaps = Series("gaps", (0.0, 1.0, 2.0), (math.nan, 1.0, 0.0))
    text = picture_as_text(Lines("t", "x", "y", (gaps,), "", y_log=True), 40, 4)
    assert sum(row.count("a") for row in text.splitlines()[1:5]) == 1
    none = Series("none", (0.0,), (math.nan,))
    assert "nothing of it is finite" in picture_as_text(Lines("t", "x", "y", (none,), ""))


def test_a_range_is_shown():
    flat = Series("flat", (0.0, 1.0), (0.1, 0.1))
    rows = picture_as_text(
        Lines("t", "x", "y", (flat,), "", y_range=(0.0, 1.0)), 30, 11
    ).splitlines()
    assert rows[1].startswith("  1 |")
    assert "a" in rows[10]


def test_histograms_are_shades():
    bell = Histogram("layer 1", (-1.0, 0.0, 1.0, 2.0), (1.0, 9.0, 0.0))
    text = picture_as_text(Histograms("Weights", "weight", (bell,), ""), 50)
    title, line = text.splitlines()
    assert title == "Weights: weight"
    assert line.startswith("layer 1  -1 |")
    assert "@" in line
    assert "   |" in line


def test_a_page_is_all_of_it():
    page = Page(
        "A title",
        "What was done. " * 12,
        (Findings("one", ("it grows " * 12,), ("it broke",)),),
        (Lines("Size", "layer", "rms", (FALLING,), "", y_log=True),),
        (Table("Figures", ("layer", "rms"), (("1", "0.5"), ("10", "12"))),),
    )
    text = as_text(page, 60)
    assert max(map(len, text.splitlines())) <= 60
    for part in (
        "A title\n",
        "one:\n! it broke\n- it grows",
        "a falling",
        "layer  rms\n1      0.5",
    ):
        assert part in text
    assert as_text(Page("only", "")) == "only"


@pytest.mark.parametrize("width", [20, 200])
def test_any_width_is_kept(width):
    text = picture_as_text(Lines("t", "x", "y", (FALLING,), "", y_log=True), width)
    assert max(map(len, text.splitlines())) <= width
