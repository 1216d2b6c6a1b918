"""The figures that follow from samples, and a worker that does not answer."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(
    not (ROOT / "bench" / "__main__.py").is_file(), reason="bench/ is not beside the tests"
)


@pytest.fixture(autouse=True)
def _bench(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT)


def case(*rows: dict[str, Any], **other: Any) -> dict[str, Any]:
    """A case of 100 float32, of which the limit is writing them."""
    made = {
        "question": "draws",
        "title": "normal",
        "job": {"kind": "normal"},
        "elements": 100,
        "output_bytes": 400,
        "flops": None,
        "threads": 2,
        "limit": {"kind": "write", "shape": [100]},
        "expect": [0.0, 1.0],
        "rows": list(rows),
    }
    return made | other


def row(name: str, *seconds: float, **other: Any) -> dict[str, Any]:
    return {"contender": name, "samples": [[i, s] for i, s in enumerate(seconds)], **other}


def test_ratio_is_of_the_same_rounds() -> None:
    from bench.results import figures

    # Every round is slower than the one before, for both: the ratio stays.
    ours, torch, limit = figures(
        case(
            row("ours-torch", 1.0, 2.0, 4.0),
            row("torch", 3.0, 6.0, 12.0),
            row("limit-numpy", 0.5, 0.5),
        )
    )
    assert ours.seconds is not None
    assert ours.seconds.median == 2.0
    assert ours.of_limit == 0.25
    assert torch.ratio is not None
    assert torch.opponent == "ours-torch"
    assert (torch.ratio.low, torch.ratio.median, torch.ratio.high) == (3.0, 3.0, 3.0)
    assert limit.ratio is None


def test_one_with_fewer_rounds_is_paired_with_the_nearest() -> None:
    from bench.results import figures

    torch = row("torch")
    torch["samples"] = [[0, 3.0], [1, 6.0]]
    ours, torch = figures(case(row("ours-torch-plain", 1.0, 2.0, 50.0), torch))
    assert ours.ratio.median == 1.0
    assert (torch.ratio.low, torch.ratio.high) == (3.0, 3.0)


def test_a_peer_is_compared_with_ours_on_its_own_library() -> None:
    from bench.results import figures

    found = figures(case(row("ours-numpy-plain", 4.0), row("ours-torch", 1.0), row("numpy", 8.0)))
    assert (found[2].opponent, found[2].ratio.median) == ("ours-numpy-plain", 2.0)


def test_rows_that_were_not_measured_say_why() -> None:
    from bench.results import figures
    from bench.table import table

    rows = [
        row("ours-torch", 2.0),
        row("torch", not_finished=60.0),
        row("keras", missing="no keras"),
        row("numpy", not_offered="no bfloat16"),
        row("jax", failed="OutOfMemory"),
    ]
    _, torch, keras, numpy, jax = figures(case(*rows))
    assert torch.ratio is not None
    assert torch.ratio.median == 30.0
    assert (torch.at_least, torch.note) == (60.0, "not finished in 60 s")
    assert (keras.note, numpy.note) == ("missing: no keras", "not offered: no bfloat16")
    assert jax.note == "failed: OutOfMemory"
    text = table({"cases": [case(*rows)]}, "draws")
    assert all(note in text for note in ("missing: no keras", "> 60 s", "> 30"))


def test_wrong_values_are_named() -> None:
    from bench.results import figures

    seen = {"count": 65536, "mean": 0.5, "std": 1.0}
    (found,) = figures(case(row("jax", 1.0, seen=seen)))
    assert found.note == "wrong: mean 0.5, not 0"
    (found,) = figures(case(row("jax", 1.0, seen=seen | {"mean": 0.001})))
    assert not found.note


def test_matrices_are_counted_against_multiplication() -> None:
    from bench.results import figures

    rows = [row("ours-numpy", 2.0), row("limit-numpy", 1.0)]
    limit = {"kind": "matmul", "shape": [10, 10]}
    ours, _ = figures(case(*rows, limit=limit, flops=1000, expect=None))
    assert ours.of_limit == 0.25


def test_a_file_is_read_back(tmp_path: Path) -> None:
    from bench.results import read, write

    results = {"schema": 1, "cases": [case(row("torch", 1.0, 2.0))]}
    write(tmp_path / "a.json", results)
    assert read(tmp_path / "a.json") == results
    (tmp_path / "b.json").write_text(json.dumps({"schema": 0}), encoding="utf-8")
    with pytest.raises(ValueError, match="schema"):
        read(tmp_path / "b.json")


def test_a_call_that_takes_too_long_is_ended() -> None:
    from bench.job import Job
    from bench.process import Process

    process = Process("numpy", "cpu", 1)
    try:
        assert "version" in process.open()
        job = Job("normal", (1 << 25,), "float32", {"mean": 0.0, "std": 1.0}).to_dict()
        assert process.ask("prepare", 60.0, job=job) == {}
        start = time.monotonic()
        assert process.ask("warm_up", 0.001, job=job, least=0.01) == {"not_finished": 0.001}
        assert not process.alive
        assert time.monotonic() - start < 60
    finally:
        process.close()


def test_a_worker_says_what_it_cannot_do() -> None:
    from bench.job import Job
    from bench.process import Process

    process = Process("numpy", "cpu", 1)
    try:
        process.open()
        job = Job("normal", (4,), "bfloat16", {"mean": 0.0, "std": 1.0}).to_dict()
        assert "bfloat16" in process.ask("prepare", 60.0, job=job)["not_offered"]
        assert "KeyError" in process.ask("prepare", 60.0, job={"kind": "normal"})["failed"]
    finally:
        process.close()


def test_a_device_that_is_not_there_is_missing() -> None:
    from bench.process import Process

    process = Process("limit-numpy", "cuda", 1)
    try:
        assert process.open() == {"missing": "NumPy is on the CPU"}
    finally:
        process.close()


def test_the_plans_are_the_models() -> None:
    from bench.plans import model

    sizes = {
        name: (model(name).elements, len(model(name).shapes))
        for name in ("GPT-2 small", "ResNet-50", "Llama of 1.1e9")
    }
    assert sizes == {
        "GPT-2 small": (124_439_808, 148),
        "ResNet-50": (25_557_032, 161),
        "Llama of 1.1e9": (1_100_048_384, 201),
    }


def test_gpt2_is_the_one_of_the_examples() -> None:
    from bench.fresh.ours import rules_of
    from bench.plans import model

    import agnostic_init as ai
    from agnostic_init.models.spec_file import read_spec

    gpt2 = model("GPT-2 small")
    plan = ai.init_tree(gpt2.shapes, rules_of(gpt2), key=0, dry_run=True)
    example = read_spec(ROOT / "examples" / "gpt2-small.toml").plan()
    assert {entry.name: entry.description for entry in plan} == {
        entry.name: entry.description for entry in example
    }


def test_peers_and_ours_read_the_rules_alike() -> None:
    from bench.fresh.ours import rules_of
    from bench.plans import MODELS, model

    import agnostic_init as ai

    for name in MODELS:
        one = model(name)
        plan = ai.init_tree(one.shapes, rules_of(one), key=0, dry_run=True)
        for entry, tensor in zip(plan, one.tensors(), strict=True):
            assert entry.name == tensor.name
            assert entry.description.shape == tensor.shape
            if tensor.law.kind in {"normal", "kaiming_normal"}:
                assert entry.description.std == pytest.approx(tensor.std), entry.name
            if tensor.law.kind == "constant":
                assert entry.description.mean == tensor.law.scale, entry.name


@pytest.mark.parametrize("name", ["ours-numpy", "numpy"])
def test_a_first_use_is_a_process_of_its_own(name: str) -> None:
    from bench.contenders import CONTENDERS
    from bench.job import Job
    from bench.process import first_use

    job = Job("first", (), "float32", {"plan": "toy Llama"})
    said = first_use(CONTENDERS[name], job, 1, 60.0)
    assert said["seconds"] > 0
    assert said["seen"]["std"] == pytest.approx(0.02, rel=0.05)
    assert ("engine" in said) == name.startswith("ours")
    job = Job("first", (), "float32", {"plan": "toy GPT-2, ±2σ"})
    assert ("not_offered" in first_use(CONTENDERS[name], job, 1, 60.0)) == (name == "numpy")


def test_a_row_of_two_engines_has_no_figure() -> None:
    from bench.harness import Bench
    from bench.results import figures

    made = row("ours-numpy")
    for place, engine in enumerate(("numpy", "numpy", "native avx2")):
        Bench.keep_sample(made, {"seconds": 1.0, "engine": engine}, place)
    (found,) = figures(case(made))
    assert found.seconds is None
    assert found.note == "failed: its engine was numpy, and then native avx2"


def test_on_a_device_the_host_is_left_out() -> None:
    from bench.contenders import on_device
    from bench.questions.draws import CONTENDERS

    assert on_device(CONTENDERS, "cuda") == (
        "ours-cupy",
        "ours-torch",
        "ours-jax",
        "torch",
        "jax",
        "cupy",
    )
