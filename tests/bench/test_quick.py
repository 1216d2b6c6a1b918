"""The benchmarks run, and every row has measured something; no time is asserted."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(
    not (ROOT / "bench" / "__main__.py").is_file(), reason="bench/ is not beside the tests"
)

QUESTIONS = {
    "build",
    "draws",
    "fingerprint",
    "first_use",
    "import_time",
    "orthogonal",
    "scaling",
    "small_tensors",
    "truncated_normal",
    "whole_model",
}


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a module of bench/ as a user does."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("AGNOSTIC")}
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=600, check=False
    )


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of quick results, with the tables beside it."""
    path = tmp_path_factory.mktemp("bench") / "quick.json"
    done = python("bench", "--quick", "--output", str(path))
    assert done.returncode == 0, done.stderr
    path.with_suffix(".txt").write_text(done.stdout, encoding="utf-8")
    return path


def load(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def test_every_row_has_measured_something_or_says_why_not(measured: Path) -> None:
    results = load(measured)
    for case in results["cases"]:
        for row in case["rows"]:
            where = f"{case['question']}, {case['title']}, {row['contender']}"
            why = {"missing", "not_offered", "not_finished"} & set(row)
            assert "failed" not in row, f"{where}: {row['failed']}"
            assert why or row["samples"], where
            assert all(seconds > 0 for _, seconds in row["samples"]), where
            if case["expect"] and row["samples"] and not row["contender"].startswith("limit"):
                assert row["seen"]["std"] > 0, where


def test_what_we_make_is_right(measured: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT)
    from bench.results import figures

    for case in load(measured)["cases"]:
        ours = [figure for figure in figures(case) if figure.role == "ours"]
        for figure in ours:
            assert not figure.note or figure.note.startswith(("missing", "not offered")), figure
        # Without ml_dtypes there are cases that are not ours.
        if case["question"] in {"draws", "orthogonal", "small_tensors", "truncated_normal"}:
            assert any(figure.seconds for figure in ours), case["title"]


def test_every_question_is_asked_and_every_contender_named(measured: Path) -> None:
    results = load(measured)
    assert {case["question"] for case in results["cases"]} == QUESTIONS
    named = {row["contender"] for case in results["cases"] for row in case["rows"]}
    peers = {"torch", "torch-erfinv", "jax", "jax-eager", "numpy", "scipy", "scipy-qr", "keras"}
    ours = {"ours-numpy", "ours-numpy-plain", "ours-torch", "ours-torch-plain"}
    assert peers | ours | {"limit-numpy", "limit-torch"} <= named
    text = measured.with_suffix(".txt").read_text(encoding="utf-8")
    for title in ("torch.nn.init", "JAX under jit", "Keras 3 on torch", "SciPy qr"):
        assert title in text


def test_memory_and_limits_are_measured(measured: Path) -> None:
    cases = [case for case in load(measured)["cases"] if case["question"] == "draws"]
    rows = {row["contender"]: row for row in cases[0]["rows"]}
    assert rows["ours-numpy-plain"]["peak_bytes"] >= cases[0]["output_bytes"]
    assert rows["limit-numpy"]["samples"]


def test_libraries_whose_models_are_built_are_named_where_missing(measured: Path) -> None:
    cases = [case for case in load(measured)["cases"] if case["question"] == "build"]
    assert len(cases) == 2
    for case in cases:
        there = importlib.util.find_spec(case["job"]["parameters"]["library"]) is not None
        for row in case["rows"]:
            assert bool(row["samples"]) == there == ("missing" not in row), row
            assert not there or row["peak_bytes"] > 0


def test_each_row_of_ours_names_one_engine(measured: Path) -> None:
    for case in load(measured)["cases"]:
        for row in case["rows"]:
            if row["contender"].startswith("ours") and row["samples"]:
                if case["job"]["kind"] == "import":
                    continue
                assert row["engine"], (case["title"], row["contender"])
                if row["contender"].endswith("-plain"):
                    assert row["engine"] == "numpy"


def test_the_file_says_what_it_was_made_on(measured: Path) -> None:
    results = load(measured)
    assert results["schema"] == 1
    assert results["complete"]
    assert results["settings"]["threads"] >= 1
    assert {"processor", "cores", "commit", "python"} <= set(results["machine"])
    assert {"agnostic-init", "numpy"} <= set(results["versions"])


def test_compare(measured: Path) -> None:
    done = python("bench.compare", str(measured), str(measured), "--all")
    assert done.returncode == 0, done.stderr
    agree, total = (int(done.stdout.splitlines()[-1].split()[i]) for i in (0, 2))
    assert agree == total > 0


def test_compare_sees_a_difference(measured: Path, tmp_path: Path) -> None:
    slower = load(measured)
    for case in slower["cases"]:
        for row in case["rows"]:
            row["samples"] = [[place, 100 * seconds] for place, seconds in row["samples"]]
    other = tmp_path / "slower.json"
    other.write_text(json.dumps(slower), encoding="utf-8")
    assert "B is slower" in python("bench.compare", str(measured), str(other)).stdout


def test_plot_writes_svg(measured: Path) -> None:
    pytest.importorskip("matplotlib")
    done = python("bench.plot", str(measured))
    assert done.returncode == 0, done.stderr
    text = measured.with_name("quick.svg").read_text(encoding="utf-8")
    assert text.startswith("<?xml")
    assert "</svg>" in text
    # Each of its panels shows more than its axes.
    results = load(measured)
    results["cases"] = [case for case in results["cases"] if case["question"] != "scaling"]
    other = measured.with_name("without.json")
    other.write_text(json.dumps(results), encoding="utf-8")
    done = python("bench.plot", str(other))
    assert done.returncode == 1
    assert "scaling" in done.stdout


def test_readme_is_made_of_results(measured: Path, tmp_path: Path) -> None:
    results = load(measured)
    results["settings"]["quick"] = False
    folder = tmp_path / "results"
    folder.mkdir()
    (folder / "machine.json").write_text(json.dumps(results), encoding="utf-8")
    pages = [tmp_path / page for page in ("README.md", "bench/README.md", "docs/torch-models.md")]
    for page in pages:
        page.parent.mkdir(exist_ok=True)
        page.write_text(
            "before\n<!-- bench:begin -->\n<!-- bench:end -->\nafter\n", encoding="utf-8"
        )
    options = ["--root", str(tmp_path), "--results", str(folder)]
    assert python("bench.readme", "--check", *options).returncode == 1
    assert python("bench.readme", *options).returncode == 0
    assert python("bench.readme", "--check", *options).returncode == 0
    front, warm, built = (page.read_text(encoding="utf-8") for page in pages)
    for text in (front, warm, built):
        assert text.startswith("before\n")
        assert text.endswith("after\n")
    ours = "ours on torch | ours on NumPy" if importlib.util.find_spec("torch") else "ours on NumPy"
    assert f"| first use | {ours} |" in front
    assert "| draws |" not in front
    assert "(results/machine.json)" in front
    assert f"| draws | {ours} |" in warm
    assert "| first use |" not in warm
    assert "(../results/machine.json)" in warm
    if importlib.util.find_spec("torch"):
        assert "| build | ours on torch | the library's own construction |" in built
        assert "| 20 of 64² of torch, float32 |" in built
        assert " of the model |" in built


def test_the_readme_is_current() -> None:
    done = python("bench.readme", "--check")
    assert done.returncode == 0, done.stdout + done.stderr
