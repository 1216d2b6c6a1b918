"""`agnostic-init study train`: what it prints and writes, and what it keeps when it is stopped."""

from __future__ import annotations

import json
import signal

import pytest

from agnostic_init.cli import main
from agnostic_init.cli.signals import StoppedError
from agnostic_init.study.training.dense_training import Training

SMALL = ["--data", "clusters", "--hidden", "6", "--seeds", "2", "--epochs", "2", "--no-progress"]
RUN = ["study", "train", "glorot_uniform", "zeros", *SMALL]


def test_it_tells_what_becomes_of_each(capsys):
    assert main(RUN) == 0
    said = capsys.readouterr().out
    assert "- symmetry never broken: the 6 units of layer 1 are one" in said
    assert "Test accuracy: test accuracy by steps of the optimizer" in said
    assert "Two by two: test loss, and the seeds that tell them apart" in said
    assert "10-6-2" in said


def test_json_and_a_file(capsys, tmp_path):
    out = tmp_path / "found.json"
    assert main([*RUN, "--json", "--out", str(out), "--optimizer", "sgd", "--rate", "0.1"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == json.loads(out.read_text())
    assert told["initializers"] == ["glorot_uniform", "zeros"]
    assert told["setting"]["optimizer"] == "SGD(rate=0.1)"
    assert len(told["curves"]["test_loss"][0]) == 2


def test_an_initializer_with_parameters_and_all_samples_at_once(capsys):
    init = '{"name": "uniform", "low": -0.1, "high": 0.1}'
    run = ["study", "train", init, *SMALL, "--batch", "all", "--hidden", "5,4", "--json"]
    assert main(run) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["initializers"] == ["uniform(low=-0.1, high=0.1)"]
    assert told["setting"]["network"] == "10-5-4-2"
    assert told["steps"] == [0, 1, 2]


def test_what_is_stopped_tells_and_keeps_what_it_has(capsys, tmp_path, monkeypatch):
    whole = Training.__iter__

    def stopped(training):
        for number, told in enumerate(whole(training)):
            if number == 1:
                raise StoppedError(signal.SIGTERM)
            yield told

    monkeypatch.setattr(Training, "__iter__", stopped)
    out = tmp_path / "found.json"
    assert main([*RUN, "--out", str(out)]) == 143
    said = capsys.readouterr()
    assert "stopped; the result is of what was trained until then" in said.err
    assert "2 of 2 seeds were not trained to the end" in said.out
    assert json.loads(out.read_text())["measured"] == [[2, 2], [2, 2]]


def test_what_is_stopped_before_anything_was_found_says_so(capsys, monkeypatch):
    def stopped(training):
        raise StoppedError(signal.SIGINT)
        yield

    monkeypatch.setattr(Training, "__iter__", stopped)
    assert main(RUN) == 130
    assert "interrupted" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--hidden", "a"], "`--hidden` must be integers, got 'a'; try: 64,64"),
        (["--batch", "some"], "`--batch` must be an integer, or all"),
        (["--batch", "0"], "`batch` must be positive"),
        (["--data", "mnist"], "`data` must be one of"),
        (["--optimizer", "lion"], "`optimizer` must be one of"),
        (["--activation", "rellu"], "try: 'relu'"),
        (["--seeds", "0"], "`seeds` must be positive"),
        (["--out", "found.pdf"], "`--out` must end in one of"),
        (["--library", "dask"], "must be a library that computes at once|agnostic-init\\[dask\\]"),
    ],
)
def test_bad_commands_are_one_line(options, words, capsys):
    import re

    assert main([*RUN, *options]) == 2
    said = capsys.readouterr().err
    assert re.search(words if "|" in words else re.escape(words), said)
    assert said.count("\n") == 1


def test_a_bad_initializer_is_named(capsys):
    assert main(["study", "train", "{'name'", *SMALL]) == 2
    assert "`INIT` must be a name or JSON" in capsys.readouterr().err
