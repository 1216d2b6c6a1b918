"""What a release says of itself in several files is the same in all of them, and comes from one."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import agnostic_init

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
RECIPE = (ROOT / ".github/conda/recipe.yaml").read_text("utf-8")
CITATION = (ROOT / "CITATION.cff").read_text("utf-8")
RELEASE = agnostic_init.__version__.partition(".dev")[0]


def classified():
    """The versions of Python that the classifiers name."""
    word = "Programming Language :: Python :: 3."
    return [
        "3." + line.removeprefix(word) for line in PROJECT["project"]["classifiers"] if word in line
    ]


def test_one_file_states_the_version():
    assert PROJECT["project"]["dynamic"] == ["version"]
    assert PROJECT["tool"]["hatch"]["version"] == {"path": "src/agnostic_init/version.py"}
    assert re.fullmatch(r"\d+\.\d+\.\d+(\.dev\d+|rc\d+)?", agnostic_init.__version__)
    assert re.findall(r"^version: (.*)$", CITATION, re.MULTILINE) == [RELEASE]
    assert re.findall(r"^  version: (\d.*)$", RECIPE, re.MULTILINE) == [RELEASE]


def test_the_changelog_begins_with_it():
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    first = re.search(r"^## (.*)$", text, re.MULTILINE)[1]
    if agnostic_init.__version__ == RELEASE:
        assert re.fullmatch(rf"{re.escape(RELEASE)} - \d{{4}}-\d\d-\d\d", first)
    else:
        assert first == "Unreleased"
    sections = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    assert all("### Numbers changed" in section for section in sections)


def test_the_recipe_of_conda_asks_for_what_the_package_does():
    wanted = [line.replace(">=", " >=") for line in PROJECT["project"]["dependencies"]]
    wanted.append(f"python {PROJECT['project']['requires-python']}")
    run = RECIPE.partition("  run:\n")[2].partition("\n\n")[0]
    assert sorted(re.findall(r"- (.*)", run)) == sorted(wanted)
    for line in PROJECT["build-system"]["requires"]:
        assert f"- {line.replace('>=', ' >=')}\n" in RECIPE
    assert PROJECT["project"]["description"] in RECIPE


def test_every_python_that_is_named_is_tested():
    named = classified()
    assert PROJECT["project"]["requires-python"] == f">={named[0]}"
    assert named == [f"3.{minor}" for minor in range(11, 11 + len(named))]
    builds = [f"cp{version.replace('.', '')}-*" for version in (named[0], named[-1])]
    assert PROJECT["tool"]["cibuildwheel"]["build"] == builds
    nox = (ROOT / "noxfile.py").read_text("utf-8")
    listed = re.search(r"^PYTHONS = (\[.*\])$", nox, re.MULTILINE)[1]
    assert [version.strip('" ') for version in listed[1:-1].split(",")] == [*named, f"{named[-1]}t"]
