"""The question of textbooks, in few runs: what is plain must come out."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


def example(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_glorot_is_ahead_in_a_perceptron_and_alone_in_a_deep_network(capsys):
    module = example("glorot_or_uniform")
    found = module.perceptron((20,), seeds=3, epochs=5)
    glorot, uniform = found.steps_to(module.LOSS, "test_loss")[:2].mean(axis=1)
    assert glorot < uniform
    assert (found.units[2:] == 1).all()
    deep = module.perceptron((20,) * 6, seeds=2, epochs=8)
    assert "does not learn" in deep.verdicts()["uniform(-0.1, 0.1)"]
    assert deep.verdicts()["GlorotUniform"] == "learns"
    module.tell("The title", found)
    said = capsys.readouterr().out
    assert "test loss 0.35: zeros never" in said
    assert said.count("GlorotUniform") == 1 + 1 + 3


@pytest.mark.slow
def test_the_beginners_list_is_drawn(tmp_path):
    pytest.importorskip("matplotlib")
    pytest.importorskip("sklearn")
    module = example("beginners_list")
    found = module.trained(seeds=2, epochs=1)
    figure = module.draw(found)
    assert len(figure.axes) == 2 * len(module.METHODS)
    titles = {each.get_title() for each in figure.axes} - {""}
    assert titles == set(module.METHODS)
    figure.savefig(tmp_path / "methods.png", dpi=40)
    assert (tmp_path / "methods.png").stat().st_size > 10_000
