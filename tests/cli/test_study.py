"""The command line's studies of signals and phases."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agnostic_init.cli import main

QUICK = ["--depth", "3", "--width", "8", "--examples", "4", "--no-progress"]


def test_a_signal_is_told_in_words_pictures_and_figures(capsys):
    names = ["he_normal", '{"name": "normal", "std": 0.01}']
    assert main(["study", "signal", *names, *QUICK, "--activation", "tanh"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.startswith("Signals in 2 networks\n")
    assert "normal(mean=0.0, std=0.01), tanh:\n- the signal vanishes:" in out
    assert "The signal: root mean square by layer\n" in out
    assert "layer   size  (theory)" in out
    assert max(map(len, out.splitlines()[:30])) <= 80


def test_json_and_files(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    block = ["--block", "convolution,batch_norm,activation", "--grid", "2", "--residual", "0.5"]
    command = ["study", "signal", "he_normal", *QUICK, *block, "--sigma-b", "0.1"]
    assert main([*command, "--json", "--out", "found.json", "--no-jacobian"]) == 0
    out, err = capsys.readouterr()
    (found,) = json.loads(out)
    assert json.loads(Path("found.json").read_text()) == [found]
    assert err == "agnostic-init: note: found.json is written\n"
    stack = found["about"]["stack"]
    assert stack["block"] == ["convolution", "batch_norm", "activation"]
    assert (stack["residual"], stack["grid"], stack["bias"]["std"]) == (0.5, [2, 2], 0.1)
    assert found["singular_values"] == []
    assert main([*command, "--out", "found.txt"]) == 0
    assert Path("found.txt").read_text() == capsys.readouterr().out


def test_another_library_and_seed(capsys):
    pytest.importorskip("array_api_strict")
    both = []
    for more in ([], ["--library", "array_api_strict"], ["--seed", "1"]):
        assert main(["study", "signal", "he_normal", *QUICK, "--json", *more]) == 0
        (found,) = json.loads(capsys.readouterr().out)
        both.append(found["layers"][3]["rms"])
    assert both[0] == pytest.approx(both[1], rel=1e-5)
    assert both[0] != pytest.approx(both[2], rel=1e-3)


def test_what_was_done_before_an_interrupt_is_told(capsys, monkeypatch):
    done = []

    def stop(self):
        done.append(1)
        if len(done) > 9:
            raise KeyboardInterrupt

    monkeypatch.setattr("agnostic_init.cli.signals.Signals.check", stop)
    assert main(["study", "signal", "he_normal", "orthogonal", *QUICK, "--json"]) == 130
    out, err = capsys.readouterr()
    assert [each["name"] for each in json.loads(out)] == ["he_normal, relu"]
    assert "interrupted" in err


def test_a_phase(capsys):
    assert main(["study", "phase", "relu", "1.0", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["name"], found["chi"]) == ("ordered", pytest.approx(0.5))
    assert main(["study", "phase", "tanh", "2", "0.1"]) == 0
    assert capsys.readouterr().out.startswith("chaotic: ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["signal", "he_norma"],
            "`name` must be that of an initializer, got 'he_norma'; try: he_normal",
        ),
        (["signal", "{"], "`INIT` must be a name or JSON"),
        (["signal", "he_normal", "--depth", "0"], "`depth` must be positive, got 0; try: depth=20"),
        (
            ["signal", "he_normal", "--activation", "rely"],
            "`activation` must be a callable or one of",
        ),
        (["signal", "he_normal", "--block", "dense,rely"], "`block` must be one of 'dense'"),
        (["signal", "he_normal", "--out", "a.pdf"], "`--out` must end in one of .html"),
        (["signal", "he_normal", "--device", "moon"], "`device` must be"),
        (["signal", "he_normal", "--sigma-b", "nan"], "`std` must be finite"),
        (["phase", "rely", "1"], "`activation` must be a callable or one of"),
        (["phase", "relu", "-1"], "`sigma_w` must be a standard deviation"),
    ],
)
def test_a_wrong_command_is_one_line(arguments, words, capsys):
    assert main(["study", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"agnostic-init: error: {words}")
    assert err.count("\n") == 1
