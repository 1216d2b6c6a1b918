"""Stacks: each place along an axis is what the initializer makes alone."""

from __future__ import annotations

import json

import numpy as np
import pytest

import agnostic_init as ai

CASES = {
    "experts": (ai.stacked(ai.he_normal("torch")), (4, 6, 5)),
    "last axis": (ai.stacked(ai.uniform(), axis=-1), (6, 5, 4)),
    "middle axis": (ai.stacked(ai.zero_rows("normal", 0), axis=1), (3, 4, 5)),
    "matrices": (ai.stacked(ai.orthogonal()), (4, 5, 3)),
    "in a stack": (ai.stacked(ai.stacked("normal")), (4, 3, 4)),
    "constants": (ai.stacked("ones"), (4, 3)),
}
INDICES = [
    np.s_[:],
    np.s_[1:3],
    np.s_[::-1],
    np.s_[2],
    np.s_[-1, 1:],
    np.s_[3:0:-2, ::2],
    np.s_[:, 1],
    np.s_[..., 2],
    np.s_[2:2],
]


@pytest.mark.parametrize("name", CASES)
def test_each_place_is_one_alone(name):
    init, shape = CASES[name]
    made = init(shape, key=4)
    axis = init.axis % len(shape)
    alone = (*shape[:axis], *shape[axis + 1 :])
    for n in range(shape[axis]):
        one = init.init(alone, key=ai.key(4).fold_in(n))
        np.testing.assert_allclose(np.take(made, n, axis), one, rtol=0, atol=1e-7)
    if init.needs_key:
        assert not np.array_equal(np.take(made, 0, axis), np.take(made, 1, axis))
    assert init.describe(shape).std == init.init.describe(alone).std
    assert init.describe(shape).fan_in == init.init.describe(alone).fan_in


@pytest.mark.parametrize("index", INDICES, ids=str)
@pytest.mark.parametrize("name", CASES)
def test_a_block_is_cut_from_the_whole(name, index):
    init, shape = CASES[name]
    whole = init(shape, key=0)[index]
    tolerance = 0 if init.elementwise else 1e-6
    np.testing.assert_allclose(init(shape, key=0, index=index), whole, rtol=0, atol=tolerance)
    out = np.full(whole.shape, np.nan, np.float32)
    init.fill(out, key=0, index=index, global_shape=shape)
    np.testing.assert_allclose(out, whole, rtol=0, atol=tolerance)


@pytest.mark.parametrize("name", CASES)
def test_every_library_makes_the_same(name, backend, xp):
    init, shape = CASES[name]
    made = init(shape, key=0, xp=xp)
    tolerance = 0 if init.elementwise else 1e-6
    found = backend.to_numpy(made)
    np.testing.assert_allclose(found, init(shape, key=0), rtol=0, atol=tolerance)
    part = backend.to_numpy(init(shape, key=0, xp=xp, index=np.s_[1:, ..., 1]))
    np.testing.assert_allclose(part, found[1:, ..., 1], rtol=0, atol=tolerance)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float8_e4m3fn", "float64", "complex64"])
def test_every_dtype(dtype):
    torch = pytest.importorskip("torch")
    init = ai.stacked(ai.normal())
    made = init((3, 4, 5), key=0, xp=torch, dtype=dtype)
    one = ai.normal()((4, 5), key=ai.key(0).fold_in(2), xp=torch, dtype=dtype)
    assert torch.equal(made[2].view(torch.uint8), one.view(torch.uint8))


def test_a_slot_is_reset_alone():
    init = ai.stacked(ai.lora_a())
    slots = init((4, 3, 5), key=0)
    before = slots.copy()
    init.fill(slots[2], key=9, index=2, global_shape=slots.shape)
    assert np.array_equal(np.delete(slots, 2, 0), np.delete(before, 2, 0))
    assert np.array_equal(slots[2], init((9, 3, 5), key=9)[2])
    init.fill(slots[2], key=0, index=2, global_shape=slots.shape)
    assert np.array_equal(slots, before)


def test_one_more_expert_changes_no_other():
    for init in (ai.stacked("normal"), ai.stacked("orthogonal"), ai.stacked("normal", axis=1)):
        few, more = init((3, 3, 4), key=0), init((5, 5, 4), key=0)
        if init.axis == 0:
            np.testing.assert_allclose(init((5, 3, 4), key=0)[:3], few, atol=1e-6)
        else:
            assert np.array_equal(init((3, 5, 4), key=0)[:, :3], few)
        assert more.shape == (5, 5, 4)


@pytest.mark.parametrize("name", CASES)
def test_there_and_back(name):
    init, _ = CASES[name]
    assert ai.get(json.loads(json.dumps(init.to_dict()))) == init
    assert hash(ai.get(init.to_dict())) == hash(init)


def test_no_experts_are_an_empty_array(backend, xp):
    for init in (ai.stacked("normal"), ai.stacked("orthogonal"), ai.stacked("normal", axis=1)):
        assert init((0, 3, 4), key=0, xp=xp).shape == (0, 3, 4)
        assert init((3, 0, 4), key=0, xp=xp).shape == (3, 0, 4)


def test_in_a_tree_of_experts(backend, xp):
    rules = {"*.w": {"name": "stacked", "init": {"name": "he_normal", "layout": "torch"}}}
    made = ai.init_tree({"a.w": (3, 4, 5), "b.w": (2, 4, 5)}, rules, key=0, xp=xp)
    key = ai.key(0).fold_in("b.w").fold_in(1)
    one = ai.he_normal("torch")((4, 5), key=key)
    assert np.array_equal(backend.to_numpy(made["b.w"])[1], one)
