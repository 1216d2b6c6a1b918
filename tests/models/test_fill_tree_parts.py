"""fill_tree where a process holds parts: of arrays, and of a model's names."""

from __future__ import annotations

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.arrays.errors import ParameterError, ParameterTypeError

RULES = [("*.bias", "zeros"), ("h.*", ai.orthogonal()), ("*", ai.normal())]
SPECS = {"emb": (6, 4), "h.0.weight": (4, 4), "h.0.bias": 4, "h.1.weight": (4, 4), "head": (4, 6)}


def whole():
    return ai.init_tree(SPECS, RULES, key=5)


def test_parts_of_every_array_in_one_call():
    want = whole()
    cut = {name: np.full_like(array[1:3], 7) for name, array in want.items()}
    arrays = {n: ai.Sharded(each, want[n].shape, slice(1, 3)) for n, each in cut.items()}
    assert ai.fill_tree(arrays, RULES, key=5) is arrays
    for name, array in want.items():
        np.testing.assert_array_equal(cut[name], array[1:3])


def test_parts_beside_whole_arrays_and_other_libraries():
    torch = pytest.importorskip("torch")
    want = whole()
    arrays = {
        "emb": ai.Sharded(torch.empty(7), (6, 4), flat=slice(5, 12)),
        "h.0.weight": np.empty((4, 4), np.float32),
        "h.0.bias": torch.empty(4),
        "h.1.weight": ai.Sharded(torch.empty(4, 2), (4, 4), np.s_[:, 2:]),
        "head": ai.Sharded(np.empty((4, 6), np.float32), (4, 6)),
    }
    version = arrays["emb"].local._version
    ai.fill_tree(arrays, RULES, key=5)
    assert arrays["emb"].local._version > version
    np.testing.assert_array_equal(arrays["emb"].local.numpy(), want["emb"].ravel()[5:12])
    np.testing.assert_array_equal(arrays["h.1.weight"].local.numpy(), want["h.1.weight"][:, 2:])
    for name in ("h.0.weight", "h.0.bias"):
        np.testing.assert_array_equal(np.asarray(arrays[name]), want[name])
    np.testing.assert_array_equal(arrays["head"].local, want["head"])


def test_parts_of_one_memory():
    local = np.zeros((2, 4))
    one, other = (ai.Sharded(local, (4, 4), slice(n, n + 2)) for n in (0, 2))
    with pytest.raises(ParameterError, match="must not share memory, as 'a' and 'b' do"):
        ai.fill_tree({"a": one, "b": other}, {"*": ai.normal()}, key=0)
    same = ai.Sharded(local, (4, 4), slice(0, 2))
    ai.fill_tree({"a": one, "b": same}, {"*": ai.normal()}, key=0)
    want = ai.init_tree({"a": ((4, 4), "float64")}, {"*": ai.normal()}, key=0)["a"]
    np.testing.assert_array_equal(local, want[:2])
    row = ai.Sharded(local[1:], (4, 4), slice(1, 2))
    with pytest.raises(ParameterError, match="must not share memory"):
        ai.fill_tree({"a": one, "b": row}, {"*": "ones"}, key=0)


def test_a_part_as_spec_is_planned_as_the_whole_and_made_anew():
    part = ai.Sharded(np.zeros((2, 4)), (4, 4), slice(0, 2))
    plan = ai.init_tree({"a": part}, {"*": "ones"}, key=0, dry_run=True)
    assert (plan["a"].shape, plan["a"].dtype) == ((4, 4), "float64")
    made = ai.init_tree({"a": part}, {"*": "normal"}, key=0)["a"]
    wanted = ai.init_tree({"a": (4, 4)}, {"*": "normal"}, key=0, dtype="float64")["a"]
    assert (made.global_shape, made.index) == (part.global_shape, part.index)
    np.testing.assert_array_equal(made.local, wanted[:2])
    assert not part.local.any()


STAGES = [("emb",), ("h.0.weight", "h.0.bias"), ("h.1.weight", "head"), ()]


@pytest.mark.parametrize(
    "more",
    [lambda: {"names": SPECS}, lambda: {"unused": "ignore"}, lambda: {"names": iter(SPECS)}],
    ids=["mapping", "ignored", "iterator"],
)
@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_of_a_pipeline(stage, more):
    want = whole()
    arrays = {name: np.empty_like(want[name]) for name in stage}
    assert ai.fill_tree(arrays, RULES, key=5, **more()) is arrays
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, want[name])


@pytest.mark.parametrize(
    ("rules", "more", "words"),
    [
        (RULES, {}, "must all be used, got 2 of 3"),
        (
            RULES,
            {"names": ["head", "embed"]},
            r"names of all .* lacks 1 of 1, got 'emb'; try: 'embed'",
        ),
        (RULES, {"names": ["emb"]}, "must all be used, got 2 of 3"),
        ([*RULES[:2], ("em", "ones")], {"names": SPECS}, "none for 2 of 5: 'emb', 'head'"),
        ([*RULES, ("x", "ones")], {"names": SPECS}, r"'x' \(it matches no name"),
        ([("em", "ones")], {"unused": "ignore"}, "none for 1 of 1: 'emb'; try: the pattern 'em'"),
        (RULES, {"unused": "no"}, "`unused` must be one of 'error', 'ignore'"),
    ],
)
def test_what_is_wrong_on_a_stage_is_still_found(rules, more, words):
    array = np.zeros((6, 4), np.float32)
    with pytest.raises(ParameterError, match=words):
        ai.fill_tree({"emb": array}, rules, key=5, **more)
    assert not array.any()
    with pytest.raises(ParameterTypeError, match="names of the whole model"):
        ai.fill_tree({"emb": array}, rules, key=5, names="emb")


def test_rules_of_more_than_there_is():
    array = np.zeros((6, 4), np.float32)
    ai.fill_tree({"emb": array}, [*RULES, ("x", "ones")], key=5, names=SPECS, unused="ignore")
    np.testing.assert_array_equal(array, whole()["emb"])
