"""What the documentation site is built with: the check of its links, and its generated tables."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from agnostic_init.initializers.registry import names

DOCS = Path(__file__).parents[2] / "docs"


def module(name: str):
    spec = importlib.util.spec_from_file_location(f"docs_{name}", DOCS / "_ext" / f"{name}.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


PAGE = '<html><body><h1 id="here">A</h1>{}</body></html>'


@pytest.mark.parametrize(
    ("link", "wrong"),
    [
        ('<a href="b.html">', False),
        ('<a href="b.html#here">', False),
        ('<a href="#here">', False),
        ('<a href="inner/#here">', False),
        ('<a href="https://example.org/none">', False),
        ('<img src="a%20b.png">', False),
        ('<a href="c.html">', True),
        ('<a href="b.html#there">', True),
        ('<a href="#there">', True),
        ('<img src="none.png">', True),
        ('<a href="../outside.html">', True),
    ],
)
def test_a_link_that_leads_nowhere_is_found(tmp_path, link, wrong):
    site = tmp_path / "site"
    (site / "inner").mkdir(parents=True)
    (tmp_path / "outside.html").write_text(PAGE.format(""))
    (site / "a b.png").touch()
    for name in ("b.html", "inner/index.html"):
        (site / name).write_text(PAGE.format(""))
    (site / "index.html").write_text(PAGE.format(link))
    assert bool(module("links").broken(site)) is wrong


def test_the_table_of_initializers_has_all_of_them():
    text = module("tables").initializers()
    assert re.findall(r"^\| \[`(\w+)`\]", text, re.MULTILINE) != []
    assert sorted(re.findall(r"^\| \[`(\w+)`\]", text, re.MULTILINE)) == names()


def test_a_cell_may_hold_a_bar():
    assert module("tables").table(["a", "b"], [["1|2", ""]]).splitlines()[2] == "| 1\\|2 |  |"


def test_the_table_of_promises_has_a_cell_for_each():
    lines = module("tables").same_bits().splitlines()
    assert len({line.replace("\\|", "").count("|") for line in lines}) == 1
    assert all(line.count("bits") + line.count("rounding") >= 6 for line in lines[2:])


def test_the_page_of_benchmarks_has_every_question_that_was_measured():
    if not (DOCS.parent / "bench" / "__main__.py").is_file():
        pytest.skip("bench/ is not beside the tests")
    text = module("tables").benchmarks()
    assert "| first use |" in text
    assert "{download}`every sample <../bench/results/" in text


def test_no_page_types_a_figure_that_results_have():
    """Times stand in generated tables alone: no page in docs/ has a row of them elsewhere."""
    for path in DOCS.glob("*.md"):
        text = re.sub(
            "<!-- bench:begin -->.*<!-- bench:end -->", "", path.read_text("utf-8"), flags=re.DOTALL
        )
        rows = re.findall(r"^\|.*\d (?:ms|µs) \(.*×\).*$", text, re.MULTILINE)
        assert rows == [], path
