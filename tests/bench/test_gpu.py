"""The command for a machine with a GPU, tried where a host stands for one."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(
    not (ROOT / "bench" / "__main__.py").is_file(), reason="bench/ is not beside the tests"
)

TEST = """
import pytest
def test_right(): pass
@pytest.mark.skip
def test_absent(): pass
"""


@pytest.fixture
def gpu(monkeypatch):
    """The modules of the gpu.main."""
    monkeypatch.syspath_prepend(ROOT)
    names = ("__main__", "clock", "report", "running", "steps")
    found = {name.strip("_"): importlib.import_module(f"bench.gpu.{name}") for name in names}
    return SimpleNamespace(**found)


@pytest.fixture
def own_steps(gpu, monkeypatch, tmp_path):
    """Steps that take no time."""
    Step, of_pytest = gpu.steps.Step, gpu.steps.pytest
    right, wrong = tmp_path / "test_right.py", tmp_path / "test_wrong.py"
    right.write_text(TEST)
    wrong.write_text(TEST + "def test_wrong(): assert 0\n")
    says = "import json; print(json.dumps({'who': 'ours', 'seconds': 0.25})); print('as text')"
    hangs = "import time; print('begun', flush=True); time.sleep(60)"
    made = (
        Step("right", "tests that pass", of_pytest(str(right), "-c", "/dev/null"), 1, tests=True),
        Step("wrong", "one that fails", of_pytest(str(wrong), "-c", "/dev/null"), 1, tests=True),
        Step("says", "lines", ("-c", says), 1),
        Step("breaks", "an error", ("-c", "raise SystemExit('broken')"), 1),
        Step("hangs", "no end", ("-c", hangs), 1),
        Step("long", "no time", ("-c", "print(1)"), 1e9),
    )
    monkeypatch.setattr(gpu.steps, "STEPS", made)
    return {step.name: step for step in made}


def test_outcomes(gpu, own_steps):
    found = {
        name: gpu.running.run(own_steps[name], "cpu", 60)
        for name in ("right", "wrong", "says", "breaks")
    }
    assert found["right"]["outcome"] == "ok"
    assert (found["right"]["passed"], found["right"]["skipped"]) == (1, 1)
    assert found["wrong"]["outcome"] == "failed"
    (failure,) = found["wrong"]["failures"]
    assert failure.endswith("::test_wrong")
    assert found["says"]["lines"] == [{"who": "ours", "seconds": 0.25}, "as text"]
    assert found["breaks"]["outcome"] == "failed"
    assert found["breaks"]["end"] == ["broken"]


def test_time_is_up(gpu, own_steps):
    found = gpu.running.run(own_steps["hangs"], "cpu", 3)
    assert found["outcome"] == "time is up"
    assert found["seconds"] < 30


def test_both_files(gpu, own_steps, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(gpu.main, "name_of", lambda device: "NVIDIA X100 80GB")
    arguments = ["--minutes", "5", "--out", str(tmp_path), "--steps", "says", "long", "breaks"]
    assert gpu.main.main(arguments) == 1
    found = json.loads((tmp_path / "nvidia-x100-80gb.json").read_text())
    outcomes = {name: step["outcome"] for name, step in found["steps"].items()}
    assert outcomes == {"says": "ok", "long": "no time", "breaks": "failed"}
    page = (tmp_path / "nvidia-x100-80gb.md").read_text()
    assert page.strip() == capsys.readouterr().out.strip() == gpu.report.markdown(found)
    assert page.startswith("# NVIDIA X100 80GB\n")
    assert "| says | lines | ok |" in page
    assert "ours: 250 ms\nas text" in page
    assert "broken" in page


def test_a_step_that_is_not_there(gpu, capsys):
    with pytest.raises(SystemExit) as ended:
        gpu.main.main(["--steps", "first use", "second use"])
    assert ended.value.code == 2
    assert "there is no step 'second use', but answers, hash, tests, " in capsys.readouterr().err
    assert len(gpu.steps.chosen(["first use"])) == 5
    assert gpu.steps.chosen(None) == list(gpu.steps.STEPS)


def test_files_with_tests_for_a_gpu(gpu):
    found = gpu.steps.newest_first()
    assert gpu.steps.DEVICES in found
    assert "tests/draws/engines/test_cuda_values.py" in found
    assert all((ROOT / path).exists() for path in found)


def test_calls_are_compared_in_turn(gpu):
    order = []
    found = gpu.clock.compared(
        gpu.clock.Host(), {name: lambda name=name: order.append(name) for name in "ab"}, 3
    )
    assert {name: len(about["samples"]) for name, about in found.items()} == {"a": 3, "b": 3}
    assert "".join(dict.fromkeys(order)) == "ab"
    assert order[-1000:] == ["b"] * 1000


def test_the_program_itself_on_a_host(gpu):
    """All of what is timed with CuPy's arrays, in NumPy's."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.gpu.times", "cupy", "cpu"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["case"].partition(",")[0] for line in lines] == ["uniform", "normal", "normal ±2σ"]
    page = gpu.report.markdown(
        {
            "gpu": "none",
            "started": "2026-01-01",
            "machine": {"commit": "c", "python": "3"},
            "packages": {"numpy": "2"},
            "steps": {"cupy": {"about": "times", "outcome": "ok", "seconds": 1, "lines": lines}},
        }
    )
    assert page.count("| cupy | ") == 1 + len(lines)
    assert "wrong" not in page


@pytest.mark.slow
def test_the_program_itself_on_torchs_host_memory():
    pytest.importorskip("torch")
    done = subprocess.run(
        [sys.executable, "-m", "bench.gpu.times", "torch", "cpu"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    cases = [json.loads(line)["case"] for line in done.stdout.splitlines()]
    assert len(cases) == 11
    assert cases[-1].startswith("Llama of ")
