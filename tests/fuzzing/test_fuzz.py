"""The fuzzer finds a fault that was put in, and prints a program that shows it."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from agnostic_init.bits.block import Block
from agnostic_init.compat import torch_init
from agnostic_init.draws.engines import host

HERE = Path(__file__).parent

pytestmark = pytest.mark.slow


@pytest.fixture
def run(monkeypatch, capsys):
    """Run a property for as long as it takes to find something, or for so many seconds."""
    monkeypatch.syspath_prepend(HERE)
    main = importlib.import_module("fuzz.__main__").main
    arrays = importlib.import_module("fuzz.properties.arrays")
    monkeypatch.setattr(arrays, "CHOICES", arrays.CHOICES[:1])  # NumPy, as others take longer

    def found(name, seconds=60):
        code = main(["--only", name, "--seconds", str(seconds)])
        return code, capsys.readouterr().out

    return found


def test_a_block_of_other_places_is_found(run, monkeypatch):
    part = Block.positions

    def shifted(self):
        found = part(self)
        return found._replace(base=found.base + (2 in self.steps))

    monkeypatch.setattr(Block, "positions", shifted)
    monkeypatch.setattr(host, "in_use", lambda: False)
    code, said = run("arrays")
    assert code == 1
    program = said.partition("fails:\n\n")[2].partition("\n\n")[0]
    assert "import agnostic_init as ai" in program
    *imports, call = program.splitlines()
    names = {}
    exec("\n".join(imports), names)
    eval(call, names)
    assert "again, in tests/fuzzing/: python -m fuzz --seed 0 --only arrays" in said


def test_an_error_of_another_library_is_found(run, monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.setattr(torch_init, "zeros_", lambda tensor: tensor.no_such_name)
    code, said = run("torch_names")
    assert code == 1
    assert "ti.zeros_(torch.zeros(" in said


def test_nothing_is_found_where_nothing_is_wrong(run):
    code, said = run("draws", seconds=1)
    assert code == 0
    assert "nothing found" in said
