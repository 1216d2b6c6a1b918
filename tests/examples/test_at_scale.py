"""405e9 parameters on 1,024 ranks: planned, checked and drawn in samples."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

FILE = Path(__file__).parents[2] / "examples" / "at_scale.py"


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("at_scale", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_it_runs():
    command = [sys.executable, FILE, "--every", "64"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1137 parameters, 405,853,388,800 elements, 1024 ranks" in done.stdout
    assert "every element is on one rank" in done.stdout
    assert "16 pieces drawn" in done.stdout


@pytest.mark.parametrize(
    "blocks",
    [
        {((0, 2), (0, 3))},
        {((0, 2), (0, 3)), ((2, 4), (0, 2)), ((2, 4), (2, 3)), ((0, 2), (0, 2))},
        {((0, 2), (0, 3)), ((1, 4), (0, 3))},
        {((0, 2), (0, 1)), ((2, 4), (1, 3))},
        set(),
    ],
    ids=["half", "twice", "overlapping", "holes", "nothing"],
)
def test_what_does_not_cover_a_parameter_once_is_found(example, blocks):
    with pytest.raises(AssertionError):
        example.checked((4, 3), blocks)


def test_what_does_cover_it_is_not(example):
    example.checked((4, 3), {((0, 2), (0, 3)), ((2, 4), (0, 3)), ((4, 4), (0, 3))})
