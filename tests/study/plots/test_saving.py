"""Results as files."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest

import agnostic_init as ai
from agnostic_init.study import Findings, Lines, Page, Series, Stack, page_of, save, signal


@pytest.fixture(scope="module")
def found():
    networks = [
        Stack(depth=4, width=8, initializer=each) for each in ("he_normal", "glorot_normal")
    ]
    return [signal(each, key=0, examples=4) for each in networks]


@pytest.fixture(scope="module")
def short(found):
    """Their page with two of its pictures, as drawing takes long."""
    page = page_of(found)
    pictures = page.pictures[0], page.pictures[-1]
    return Page(page.title, page.summary, page.findings, pictures, page.tables)


class Outline(HTMLParser):
    """The tags of a page, the text of headings, and what pictures say."""

    def __init__(self):
        super().__init__()
        self.tags, self.alternatives, self.sources, self.open = [], [], [], []

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.tags.append(tag)
        if tag == "img":
            self.alternatives.append(found["alt"])
        self.sources += [found[name] for name in ("src", "srcset", "href") if name in found]
        if tag not in ("meta", "img", "source", "!doctype"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_a_page_needs_no_network_and_no_scripts(found, short, tmp_path):
    pytest.importorskip("matplotlib")
    text = save(short, tmp_path / "report.html").read_text(encoding="utf-8")
    outline = Outline()
    outline.feed(text)
    assert outline.open == []
    assert not {"script", "link", "iframe", "object"} & set(outline.tags)
    assert outline.sources
    assert all(each.startswith("data:image/svg+xml;base64,") for each in outline.sources)
    assert not re.search(r"(https?:)?//\w", re.sub(r"base64,[^\"]*", "", text))
    assert '<html lang="en">' in text
    assert 'content="width=device-width, initial-scale=1"' in text
    assert (
        len(outline.alternatives) == outline.tags.count("figure") == outline.tags.count("picture")
    )
    assert outline.alternatives[0].startswith(
        "The signal by layer, from the input: he_normal, relu"
    )
    assert all(len(each) > 40 for each in outline.alternatives)
    for each in found:
        assert f"<h3>{each.name}</h3>" in text
        assert each.verdicts[0] in text
    assert outline.tags.count("table") == 2
    assert outline.tags.count("tr") == 2 * (1 + 5)


def test_names_cannot_become_markup(tmp_path):
    pytest.importorskip("matplotlib")
    page = Page("<b>", "&", (Findings("<script>alert(1)</script>", ("<i>",), ('"',)),))
    text = save(page, tmp_path / "page.html").read_text()
    assert "<script" not in text
    assert "&lt;script&gt;" in text


def test_pictures_are_files_and_the_same_every_time(short, tmp_path):
    pytest.importorskip("matplotlib")
    png = save(short, tmp_path / "a.png").read_bytes()
    assert png.startswith(b"\x89PNG\r\n")
    band = Series("one", (1.0, 2.0), (0.1, 0.2), (0.0, 0.1), (0.2, 0.3))
    points = Series("two, of $3", (1.0,), (0.2,), points=True)
    page = Page("t", "", (), (Lines("t", "x", "y", (band, points), "", x_log=True),))
    first = save(page, tmp_path / "a.svg").read_text()
    assert first.count("<svg") == 1
    assert save(page, tmp_path / "b.svg").read_text() == first


def test_a_page_of_signals_has_all_pictures(found):
    titles = [each.title for each in page_of(found).pictures]
    assert titles == [
        "The signal",
        "The gradient",
        "How alike examples become",
        "Dead units",
        "Values where the activation is flat",
        "Singular values of the Jacobian",
        "Order and chaos",
        "Weights",
    ]
    series = page_of(found).pictures[0].series
    assert [each.theory for each in series] == [False, True, False, True]
    assert page_of(found[0]).pictures[-1].histograms[0].name == "layer 1"


def test_numbers_and_text_are_files_too(found, tmp_path):
    numbers = json.loads(save(found, tmp_path / "a.json").read_text())
    assert [each["name"] for each in numbers] == ["he_normal, relu", "glorot_normal, relu"]
    assert (
        json.loads(save(found[0], tmp_path / "a.json").read_text())["layers"][0]["name"] == "input"
    )
    assert "a he_normal, relu" in save(found, tmp_path / "a.txt").read_text()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.json", "a.txt"]


WITHOUT = """
import sys
sys.modules["matplotlib"] = None
import agnostic_init as ai
page = ai.study.Page("title", "", (), (ai.study.Lines("t", "x", "y", (), ""),))
print(ai.study.save(page, sys.argv[1] + "/a.txt"))
try:
    ai.study.save(page, sys.argv[1] + "/a.png")
except ai.MissingExtraError as error:
    assert 'pip install "agnostic-init[plots]"' in str(error), error
else:
    sys.exit("it was not refused")
"""


def test_without_matplotlib_the_error_says_which_extra(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert [each.name for each in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize(
    ("result", "name", "error", "words"),
    [
        (Page("t", ""), "a.pdf", ai.ParameterError, "`path` must end in one of .html, .json, .png"),
        ("he_normal", "a.txt", ai.ParameterTypeError, "`result` must be the result of a study"),
        ([], "a.txt", ai.ParameterTypeError, "`result` must be the result of a study"),
        ([], "a.json", ai.ParameterTypeError, "`result` must be the result of a study"),
        (Page("t", ""), "none/a.txt", ai.ParameterError, "`path` must be in a folder that exists"),
        (Page("t", ""), "a.json", ai.ParameterTypeError, "`result` must be the result of a study"),
    ],
)
def test_bad_calls(result, name, error, words, tmp_path):
    with pytest.raises(error, match=words):
        save(result, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_page_without_pictures_cannot_be_one(tmp_path):
    pytest.importorskip("matplotlib")
    with pytest.raises(ai.ParameterError, match="must have something to draw"):
        save(Page("t", ""), tmp_path / "a.png")
