"""Checking: statistics as NumPy's, and every fault found that a file may have, without false alarms."""

from __future__ import annotations

import json

import numpy as np
import pytest
import safetensors.numpy

import agnostic_init as ai
from agnostic_init.arrays.errors import ParameterError, ParameterTypeError
from agnostic_init.checkpoint import check, statistics, write_plan
from agnostic_init.storage import checkpoint

SPECS = {
    "wte.weight": (300, 64),
    "h.0.weight": (64, 64),
    "h.0.q.weight": (64, 48),
    "h.0.bias": (64,),
    "norm.weight": (64,),
    "half.weight": ((40, 70), "float16"),
    "scalar": (),
    "empty": (0, 3),
}
RULES = {
    "*.bias": "zeros",
    "norm.*": "ones",
    "*.q.*": ai.orthogonal(),
    "scalar": ai.constant(0.1),
    "*": ai.normal(std=0.02),
}
PLAN = ai.init_tree(SPECS, RULES, key=0, dry_run=True)


def weights():
    return {name: np.array(each) for name, each in ai.init_tree(SPECS, RULES, key=0).items()}


def kinds(found):
    return {(each.name, each.kind) for each in found.findings}


@pytest.mark.parametrize("piece", [1 << 26, 1 << 10])
def test_statistics_are_those_of_numpy(tmp_path, monkeypatch, piece):
    stats = pytest.importorskip("scipy.stats")
    monkeypatch.setattr(checkpoint, "PIECE", piece)
    monkeypatch.setattr(statistics, "CHUNK", 500)
    x = (ai.normal(mean=1000, std=0.5)((70, 90), key=0, dtype="float64")) ** 2
    x[3] = 5.0
    x[0, :7] = [np.nan, np.inf, -np.inf, 0, 0, 1e-310, -1e-310]
    safetensors.numpy.save_file({"x": x}, tmp_path / "m.safetensors")
    (seen,) = check(tmp_path).tensors
    values = x[np.isfinite(x)]
    assert seen.mean == pytest.approx(values.mean(), rel=1e-12)
    assert seen.std == pytest.approx(values.std(), rel=1e-9)
    assert seen.kurtosis == pytest.approx(stats.kurtosis(values, fisher=False), rel=1e-6)
    assert (seen.least, seen.largest) == (values.min(), values.max())
    assert (seen.nans, seen.infinities, seen.zeros, seen.subnormals) == (1, 2, 2, 2)
    assert seen.constant_rows == (1 if piece > 1 << 10 else seen.constant_rows)
    assert seen.fingerprint == ai.fingerprint(x)
    assert seen.orthogonality is None


@pytest.mark.parametrize(
    "dtype", ["bfloat16", "float8_e4m3fn", "float16", "int8", "bool", "complex64"]
)
def test_every_kind_of_dtype(tmp_path, dtype):
    if dtype.startswith(("bfloat", "float8")):
        pytest.importorskip("ml_dtypes")
    init = ai.normal() if dtype[0] in "bfc" and dtype != "bool" else ai.ones()
    plan = ai.init_tree({"x": ((200, 50), dtype)}, {"*": init}, key=0, dry_run=True)
    write_plan(plan, tmp_path / "m.safetensors")
    found = check(tmp_path, plan)
    assert not found.findings
    x = init((200, 50), key=ai.key(0).fold_in("x"), dtype=dtype)
    wide = x.astype("c16" if dtype == "complex64" else "f8")
    (seen,) = found.tensors
    assert seen.mean == pytest.approx(wide.mean(), abs=1e-6)
    assert seen.std == pytest.approx(wide.std(), abs=1e-6)
    json.dumps(found.to_dict(), allow_nan=False)


def test_what_is_as_planned_has_no_findings(tmp_path):
    write_plan(PLAN, tmp_path / "m.safetensors")
    for what in (tmp_path, weights()):
        for against in (None, PLAN):
            found = check(what, against)
            assert found.findings == ()
            assert str(found).endswith("8 tensors, no findings")
            json.dumps(found.to_dict(), allow_nan=False)


def test_there_are_no_false_alarms_in_many_models():
    rules = {"u.*": ai.uniform(), "t.*": ai.truncated_normal(std=3), "*": ai.normal(mean=5)}
    for key in range(60):
        specs = {f"{kind}.{n}": (n, 9) for kind in "utn" for n in (1, 3, 64)}
        plan = ai.init_tree(specs, rules, key=key, dry_run=True)
        assert check(plan.make(), plan).findings == ()


def test_one_array_under_two_names_is_no_duplicate():
    weight = ai.normal()((16, 8), key=0)
    assert check({"wte": weight, "head": weight, "view": weight[:]}).findings == ()
    assert [each.name for each in check({"wte": weight, "head": weight.copy()}).findings] == [
        "head"
    ]
    assert check({"one": np.float32(1), "two": weight}).findings == ()


FAULTS = [
    (lambda w: w["wte.weight"].fill(np.nan), ("wte.weight", "nan")),
    (lambda w: w["wte.weight"].__setitem__((5, 5), np.nan), ("wte.weight", "nan")),
    (lambda w: w["half.weight"].__setitem__((5, 5), np.inf), ("half.weight", "infinite")),
    (lambda w: w["wte.weight"].__setitem__(slice(10, 20), 0), ("wte.weight", "rows")),
    (lambda w: w.update({"h.0.weight": w["wte.weight"][:64].copy(), "wte.weight": w["wte.weight"][:64]}),
     ("h.0.weight", "duplicate")),
    (lambda w: w["h.0.weight"].view("u4").__setitem__(..., 77), ("h.0.weight", "garbage")),
    (lambda w: w["h.0.weight"].view("u4")[:, ::2].__setitem__(..., np.arange(1, 2049).reshape(64, 32)),
     ("h.0.weight", "garbage")),
    (lambda w: w["wte.weight"].__setitem__((3, 3), 1e30), ("wte.weight", "garbage")),
]  # fmt: skip


@pytest.mark.parametrize(("change", "expected"), FAULTS, ids=range(len(FAULTS)))
def test_a_fault_is_found_without_a_plan(change, expected):
    made = weights()
    change(made)
    assert expected in kinds(check(made))


WRONG = [
    (lambda w: w["wte.weight"].__imul__(1.05), ("wte.weight", "std")),
    (lambda w: w["wte.weight"].__iadd__(0.002), ("wte.weight", "mean")),
    (lambda w: w["h.0.bias"].__setitem__(3, 0.5), ("h.0.bias", "std")),
    (lambda w: w["norm.weight"].fill(0), ("norm.weight", "mean")),
    (lambda w: w["scalar"].fill(0.101), ("scalar", "mean")),
    (lambda w: w["h.0.q.weight"].__setitem__((slice(0, 8), 0), 0), ("h.0.q.weight", "orthogonal")),
    (lambda w: w.pop("h.0.bias"), ("h.0.bias", "missing")),
    (lambda w: w.update(more=np.ones(2)), ("more", "unexpected")),
    (lambda w: w.update({"h.0.bias": np.zeros(65, "f4")}), ("h.0.bias", "shape")),
    (lambda w: w.update({"h.0.bias": np.zeros(64)}), ("h.0.bias", "dtype")),
    (lambda w: w["wte.weight"].fill(0), ("wte.weight", "std")),
]


@pytest.mark.parametrize(("change", "expected"), WRONG, ids=range(len(WRONG)))
def test_what_is_not_as_planned_is_found(change, expected):
    made = weights()
    change(made)
    found = check(made, PLAN)
    assert kinds(found) == {expected}
    assert f"{expected[0]}: " in str(found)
    assert "8 tensors, 1 finding" in str(found) or expected[1] in ("missing", "unexpected")


def test_arrays_of_any_library(backend):
    made = {"w": backend.xp.asarray(ai.normal()((30, 40), key=0)), "b": backend.xp.asarray(3)}
    found = check(made)
    assert found.findings == ()
    assert found.tensors[0].std == pytest.approx(1, abs=0.1)


def test_a_module():
    torch = pytest.importorskip("torch")
    module = torch.nn.Sequential(torch.nn.Linear(30, 40), torch.nn.Linear(40, 20))
    with torch.no_grad():
        module[1].bias[0] = torch.nan
    assert kinds(check(module)) == {("1.bias", "nan")}
    with pytest.raises(ParameterError, match="tensor 'weight': `array` must have values"):
        check(torch.nn.Linear(2, 2, device="meta"))


def test_progress_ends_with_all_bytes(tmp_path):
    write_plan(PLAN, tmp_path / "m.safetensors")
    told = []
    check(tmp_path, progress=lambda *what: told.append(what))
    assert told[-1][1:] == (PLAN.bytes, PLAN.bytes)


def test_bad_input(tmp_path):
    with pytest.raises(ParameterTypeError, match="`what` must be a path, a mapping"):
        check(3)
    with pytest.raises(ParameterTypeError, match="`against` must be a Plan"):
        check(weights(), SPECS)
    with pytest.raises(ParameterTypeError, match="names that are strings"):
        check({1: np.ones(2)})
    with pytest.raises(ParameterError, match="a folder with one"):
        check(tmp_path)
