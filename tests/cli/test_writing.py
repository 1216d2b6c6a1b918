"""The options of write and describe: several files, files as SPEC, resuming, verifying, silence."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from tests.cli.specs import RULES, SPEC

from agnostic_init.checkpoint import verifying
from agnostic_init.cli import main


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("spec.toml").write_text(SPEC)


def said(capsys, *arguments, code=0):
    capsys.readouterr()
    assert main(arguments) == code
    captured = capsys.readouterr()
    return captured.err if code else captured.out


def test_several_files(capsys):
    one = json.loads(said(capsys, "write", "spec.toml", "one.safetensors", "--json"))
    told = said(capsys, "write", "spec.toml", "m.safetensors", "--max-shard-size", "1KB")
    assert "m.safetensors.index.json: 2 tensors" in told
    assert "in 2 files" in told
    assert one["sha256"] in told
    assert sorted(each.name for each in Path().glob("m*")) == [
        "m-00001-of-00002.safetensors",
        "m-00002-of-00002.safetensors",
        "m.safetensors.index.json",
    ]
    assert "must be a number of bytes" in _refused(
        capsys, "write", "spec.toml", "o.safetensors", "--max-shard-size", "big"
    )


def test_overwriting_several_files_says_what_it_removes(capsys):
    said(capsys, "write", "spec.toml", "m.safetensors", "--max-shard-size", "1KB")
    told = said(capsys, "write", "spec.toml", "m.safetensors", "--overwrite")
    assert "removed, of what was there before: m.safetensors.index.json, m-00001-of" in told
    assert [each.name for each in Path().glob("m*")] == ["m.safetensors"]
    more = ("--max-shard-size", "1KB", "--json")
    error = said(capsys, "write", "spec.toml", "m.safetensors", *more, code=2)
    assert "m.safetensors exists; try: --overwrite" in error
    told = said(capsys, "write", "spec.toml", "m.safetensors", "--overwrite", *more)
    assert json.loads(told)["removed"] == ["m.safetensors"]


def _refused(capsys, *arguments):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    return capsys.readouterr().err


@pytest.mark.parametrize("more", [(), ("--max-shard-size", "1KB")])
def test_a_file_says_what_made_it_and_is_made_again(capsys, more):
    said(capsys, "write", "spec.toml", "m.safetensors", *more)
    made = "m.safetensors.index.json" if more else "m.safetensors"
    table = said(capsys, "describe", made)
    assert "normal(mean=0.0, std=0.02)" in table
    assert "made by agnostic_init " in table
    assert "stream v1, Key(seed=3, offset=0)" in table
    about = json.loads(said(capsys, "describe", made, "--json"))
    assert about["metadata"]["key"] == "3,0"
    first = json.loads(said(capsys, "write", "spec.toml", "a.safetensors", "--json"))
    again = json.loads(said(capsys, "write", made, "b.safetensors", "--json"))
    assert first["sha256"] == again["sha256"]
    assert Path("a.safetensors").read_bytes() == Path("b.safetensors").read_bytes()


def test_a_file_of_others_with_rules(capsys):
    safetensors.numpy.save_file(
        {"w": np.ones((400, 30), "f4"), "b": np.ones(32, "f4")}, "theirs.safetensors"
    )
    Path("rules.toml").write_text(RULES)
    error = said(capsys, "write", "theirs.safetensors", "o.safetensors", code=2)
    assert "a key, as by --seed 0" in error
    error = said(capsys, "write", "theirs.safetensors", "o.safetensors", "--seed", "3", code=2)
    assert "rules, as by --rules SPEC" in error
    made = said(
        capsys,
        "write",
        "theirs.safetensors",
        "o.safetensors",
        "--rules",
        "rules.toml",
        "--seed",
        "3",
    )
    assert made.split("sha256")[1] in said(capsys, "write", "spec.toml", "s.safetensors")
    said(capsys, "write", "theirs.safetensors", "p.safetensors", "--rules", "spec.toml")
    assert Path("p.safetensors").read_bytes() == Path("o.safetensors").read_bytes()
    error = said(capsys, "write", "spec.toml", "q.safetensors", "--rules", "rules.toml", code=2)
    assert "`--rules` must be given with what has no rules of its own" in error


def test_the_weights_that_are_the_spec_are_not_replaced(capsys):
    said(capsys, "write", "spec.toml", "m.safetensors", "--max-shard-size", "1KB")
    before = {each: each.read_bytes() for each in Path().glob("m*")}
    for out in ("m.safetensors", "m-00001-of-00002.safetensors"):
        error = said(capsys, "write", "m.safetensors.index.json", out, "--overwrite", code=2)
        assert "`OUT` must" in error
    assert {each: each.read_bytes() for each in Path().glob("m*")} == before


def test_quiet_and_dry(capsys):
    assert said(capsys, "write", "spec.toml", "m.safetensors", "--quiet") == ""
    assert Path("m.safetensors").exists()
    table = said(capsys, "write", "spec.toml", "n.safetensors", "--dry-run")
    assert table == said(capsys, "describe", "spec.toml")
    assert not Path("n.safetensors").exists()


def test_verified(capsys, monkeypatch):
    said(capsys, "write", "spec.toml", "m.safetensors", "--verify")
    flips = iter([0, 1, 0, 0])

    def other(self, piece, out, own=verifying.Maker.write):
        own(self, piece, out)
        out[:1] ^= next(flips)

    monkeypatch.setattr(verifying.Maker, "write", other)
    error = said(capsys, "write", "spec.toml", "n.safetensors", "--verify", code=1)
    assert "n.safetensors: 1 tensors differ from the plan, 'w' first" in error


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_what_is_interrupted_is_gone_on_with(capsys):
    Path("large.toml").write_text(SPEC.replace("[400, 30]", "[40000, 3000]"))
    command = [sys.executable, "-m", "agnostic_init", "write", "large.toml", "m.safetensors"]
    running = subprocess.Popen([*command, "--resume"], stderr=subprocess.PIPE, text=True)
    limit = time.monotonic() + 60
    while time.monotonic() < limit:
        (*found,) = Path().glob(".m.safetensors.*.resume")
        if found and found[0].stat().st_size > 1 << 26:
            break
        time.sleep(0.01)
    running.send_signal(signal.SIGTERM)
    _, error = running.communicate(timeout=60)
    assert running.returncode == 143
    assert error.endswith("terminated; what is written is kept for --resume\n")
    assert len(list(Path().glob(".m.safetensors.*.resume"))) == 1
    resumed = said(capsys, "write", "large.toml", "m.safetensors", "--resume")
    assert not list(Path().glob(".m*"))
    assert resumed.split("sha256")[1] in said(capsys, "write", "large.toml", "n.safetensors")
