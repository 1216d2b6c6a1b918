"""A plan in few rows, whose names are those of spec files."""

from __future__ import annotations

from pathlib import Path

import pytest

import agnostic_init as ai
from agnostic_init.models.braces import expanded
from agnostic_init.models.brief import brief, in_braces
from agnostic_init.models.spec_file import read_spec


def names_of(specs, rules=None):
    plan = ai.plan_tree(specs, rules or {"*": "normal"}, key=0)
    return [line.split()[0] for line in brief(plan).splitlines()[1:-1]]


@pytest.mark.parametrize(
    ("names", "written"),
    [
        (["a.0", "a.1"], "a.{0..1}"),
        ([f"a.{n}.b.{m}" for n in range(3) for m in (2, 5)], "a.{0..2}.b.{2,5}"),
        (["a.9", "a.10", "a.11"], "a.{9..11}"),
        (["w1", "w3"], "w{1,3}"),
        (["a.0.0", "a.1.1"], None),
        ([f"a.{2 * n}" for n in range(9)], None),
    ],
)
def test_braces_stand_for_the_names_and_no_other(names, written):
    assert in_braces(names) == written
    if written:
        assert sorted(expanded(written)) == sorted(names)


def test_what_differs_otherwise_has_a_row_of_its_own():
    specs = {
        "a.0": 2,
        "a.1": 3,
        "a.2": 2,
        "b.0": ((2,), "float16"),
        "b.1": 2,
        "c.007": 2,
        "c.008": 2,
    }
    assert names_of(specs) == ["a.{0,2}", "a.1", "b.0", "b.1", "c.007", "c.008"]
    assert names_of({"a.0": 2, "a.1": 2}, {"a.0": "ones", "a.1": "normal"}) == ["a.0", "a.1"]
    assert names_of({"a{0}": 2, "a{1}": 2}) == ["a{0}", "a{1}"]
    assert names_of({f"a.{'9' * 5000}": 2, "a.1": 2}) == [f"a.{'9' * 5000}", "a.1"]


def test_gpt2_fits_on_a_screen():
    plan = read_spec(Path(__file__).parents[2] / "examples" / "gpt2-small.toml").plan()
    lines = brief(plan).splitlines()
    assert len(lines) < 20
    assert lines[-1].split() == ["148", "parameters", "124,439,808", "497,759,232"]
