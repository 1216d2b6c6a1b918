"""What is run on a GPU, in the order of what is missed most: right first, then fast."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["STEPS", "Step", "chosen"]

ROOT = Path(__file__).parents[2]
DEVICES = "tests/draws/engines/test_cuda_devices.py"


@dataclass(frozen=True)
class Step:
    """A program that prints lines; a process of its own, which is ended when time is up.

    Attributes
    ----------
    name, about
        What it is called, and what it shows.
    command
        Its arguments, after Python's. ``DEVICE`` stands for the device.
    least
        Seconds without which it is not begun.
    tests
        Whether it is tests that are run.
    environment
        What it needs to be told.
    """

    name: str
    about: str
    command: tuple[str, ...]
    least: float
    tests: bool = False
    environment: dict[str, str] = field(default_factory=dict)

    def arguments(self, device: str) -> list[str]:
        """Of Python, on a device."""
        return [sys.executable, *(device if word == "DEVICE" else word for word in self.command)]


def pytest(*arguments: str) -> tuple[str, ...]:
    return ("-m", "pytest", "-v", "-ra", "-p", "no:cacheprovider", "-W", "default", *arguments)


def newest_first() -> tuple[str, ...]:
    """The files of tests that are marked for a GPU, those that were changed last before others."""
    files = [
        path
        for path in ROOT.glob("tests/**/test_*.py")
        # The parameters of fixtures are marked in the files of CUDA's engine.
        if path.name.startswith("test_cuda") or "gpu" in path.read_text("utf-8")
    ]
    return tuple(str(path.relative_to(ROOT)) for path in sorted(files, key=_changed, reverse=True))


def _changed(path: Path) -> float:
    asked = ["git", "-C", str(ROOT), "log", "-1", "--format=%ct", "--", str(path)]
    try:
        found = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        found = ""
    return float(found or path.stat().st_mtime)


def _first() -> Iterator[Step]:
    """Our own first use with an empty cache, with a full one, and torch's."""
    folder = Path(tempfile.gettempdir()) / f"agnostic-init-gpu-{os.getpid()}"
    cache = {"AGNOSTIC_INIT_CACHE_DIR": str(folder), "CUPY_CACHE_DIR": str(folder / "cupy")}
    for name, who, what in (
        ("empty", "ours", ", an empty cache of kernels"),
        ("full", "ours", ", a full one"),
        ("full again", "ours", ", a full one"),
        ("torch", "torch", ""),
        ("torch again", "torch", ""),
    ):
        about = f"GPT-2 small in a new process{what}"
        command = ("-m", "bench.gpu.first", who, "DEVICE")
        yield Step(f"first use, {name}", about, command, 10, environment=cache)


STEPS = (
    Step(
        "answers",
        "the known answers, all 2^24 inputs of both tables, on torch and CuPy",
        pytest("-m", "gpu", DEVICES, "-k", "known_answers or every_input"),
        20,
        tests=True,
    ),
    Step(
        "hash",
        "GPT-2 small's sha256, on torch and CuPy",
        pytest("-m", "gpu", "tests/examples/test_gpt2_small.py"),
        10,
        tests=True,
    ),
    Step("tests", "the tests marked gpu, newest first", pytest("-m", "gpu and not slow"), 30, True),
    *_first(),
    Step("torch", "times on torch", ("-m", "bench.gpu.times", "torch", "DEVICE"), 20),
    Step("cupy", "times on CuPy", ("-m", "bench.gpu.times", "cupy", "DEVICE"), 15),
    Step(
        "panels",
        "widths of panels of orthogonal matrices",
        ("-m", "bench.panels", "--measure", "--device", "DEVICE", "--most", "16777216"),
        30,
    ),
    Step(
        "backends",
        "the suite's tests of array libraries, on CuPy",
        pytest("-m", "backend and not slow", "tests/initializers", "tests/draws", "tests/models"),
        30,
        tests=True,
        environment={"AGNOSTIC_INIT_BACKENDS": "cupy"},
    ),
)


def chosen(names: list[str] | None) -> list[Step]:
    """The steps of these names, in that order; all of them for None.

    A name may be the first words of several, such as ``first use``.
    """
    if names is None:
        return list(STEPS)
    found = []
    for name in names:
        of_name = [step for step in STEPS if step.name.startswith(name)]
        if not of_name:
            message = f"there is no step {name!r}, but {', '.join(s.name for s in STEPS)}"
            raise ValueError(message)
        found += of_name
    return found
