"""The command check: its table, JSON and exit codes."""

from __future__ import annotations

import json

import numpy as np
import pytest
import safetensors.numpy
from tests.cli.specs import SPEC

from agnostic_init.cli import main


@pytest.fixture
def files(tmp_path):
    spec, out = tmp_path / "spec.toml", tmp_path / "m.safetensors"
    spec.write_text(SPEC)
    assert main(["write", str(spec), str(out)]) == 0
    return str(spec), str(out)


def test_a_good_file_is_0(files, capsys):
    spec, out = files
    capsys.readouterr()
    assert main(["check", out, "--against", spec]) == 0
    assert capsys.readouterr().out.endswith("2 tensors, no findings\n")
    assert main(["check", out, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["findings"] == []


def test_findings_are_1(files, capsys, tmp_path):
    spec, _ = files
    safetensors.numpy.save_file(
        {"w": np.full((400, 30), np.nan, "f4")}, tmp_path / "bad.safetensors"
    )
    bad = str(tmp_path / "bad.safetensors")
    capsys.readouterr()
    assert main(["check", bad]) == 1
    assert "w: all values are NaN: poisoned, or never written" in capsys.readouterr().out
    assert main(["check", bad, "--against", spec, "--json"]) == 1
    found = json.loads(capsys.readouterr().out)["findings"]
    assert [(each["name"], each["kind"]) for each in found] == [("w", "nan"), ("b", "missing")]


def test_against_the_plan_that_another_file_says(files, capsys, tmp_path):
    spec, out = files
    other = str(tmp_path / "other.safetensors")
    assert main(["write", spec, other, "--seed", "9", "--quiet"]) == 0
    assert main(["check", out, "--against", other]) == 0
    safetensors.numpy.save_file({"w": np.ones((400, 30), "f4")}, tmp_path / "ones.safetensors")
    capsys.readouterr()
    assert main(["check", str(tmp_path / "ones.safetensors"), "--against", other]) == 1
    assert "w: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["none.safetensors"], "none.safetensors: No such file"),
        (["m.safetensors", "--against", "none.toml"], "none.toml: No such file"),
        (
            ["m.safetensors", "--against", "no_such:function"],
            "must name a module that can be imported",
        ),
        (["spec.toml"], "must be at most 100,000,000 bytes"),
        (["."], "must be that of a file where a folder has several"),
    ],
)
def test_a_wrong_command_is_2(files, capsys, monkeypatch, tmp_path, arguments, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other.safetensors").write_bytes((tmp_path / "m.safetensors").read_bytes())
    capsys.readouterr()
    assert main(["check", *arguments]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1
