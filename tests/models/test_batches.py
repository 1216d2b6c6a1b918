"""Equal weights that are made by one call are what each alone would be, and arrays of their own."""

from __future__ import annotations

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.linalg import make

SPECS = {
    "a.weight": (6, 4),
    "a.bias": (6,),
    "b.weight": (6, 4),
    "c.weight": (4, 6),
    "d.weight": (6, 4),
    "e.weight": (6, 4),
    "f.weight": (4, 3, 2),
    "g.weight": (4, 3, 2),
}
RULES = [("*.bias", "zeros"), ("*", ai.orthogonal(0.5, layout="torch"))]


@pytest.fixture
def together(monkeypatch):
    """Three matrices a call at most. Tells of the calls for several."""
    calls = []

    def filled(haar, keys, outs, library, fill=make.fill_several):
        if len(keys) > 1:
            calls.append((haar.shape[-2:], len(keys)))
        return fill(haar, keys, outs, library)

    monkeypatch.setattr(make, "together", lambda haar, library, device: 3)
    monkeypatch.setattr(make, "fill_several", filled)
    return calls


def alone(name):
    if name.endswith("bias"):
        return np.zeros(SPECS[name], np.float32)
    return RULES[1][1](SPECS[name], key=ai.key(7).fold_in(name))


def test_weights_of_a_shape_are_made_together(backend, together):
    if backend.name not in ("numpy", "torch", "cupy"):
        pytest.skip("always one by one")
    told = []
    made = ai.init_tree(SPECS, RULES, key=7, xp=backend.xp, progress=lambda *a: told.append(a))
    assert list(made) == list(SPECS)
    for name, array in made.items():
        np.testing.assert_allclose(backend.to_numpy(array), alone(name), atol=1e-6)
    assert together == [((6, 4), 3), ((4, 6), 2)]
    total = sum(a.nbytes for a in map(alone, SPECS))
    assert sorted(name for name, _, _ in told) == sorted(SPECS)
    assert [done for _, done, _ in told][-1] == total == told[0][2]


def test_arrays_that_exist_are_filled_together(backend, together):
    if backend.name not in ("numpy", "torch", "cupy"):
        pytest.skip("always one by one")
    arrays = {
        name: backend.xp.empty(shape, dtype=backend.xp.float32) for name, shape in SPECS.items()
    }
    arrays["b.weight"] = backend.xp.empty((4, 6), dtype=backend.xp.float32).T
    arrays["f.weight"] = backend.xp.empty((4, 2, 3), dtype=backend.xp.float32).swapaxes(1, 2)
    before = dict(arrays)
    ai.fill_tree(arrays, RULES, key=7)
    for name, array in arrays.items():
        assert array is before[name]
        np.testing.assert_allclose(backend.to_numpy(array), alone(name), atol=1e-6)
    assert together == [((6, 4), 3), ((4, 6), 2)]


def test_each_has_memory_of_its_own(together):
    torch = pytest.importorskip("torch")
    made = ai.init_tree(SPECS, RULES, key=7, xp=torch, dtype="bfloat16")
    storages = {each.untyped_storage().data_ptr() for each in made.values()}
    assert len(storages) == len(SPECS)
    for each in made.values():
        assert each.untyped_storage().nbytes() == each.numel() * 2


def test_on_a_host_a_weight_has_the_same_bits_alone_and_in_a_model(backend):
    made = ai.init_tree(SPECS, RULES, key=7, xp=backend.xp)
    for name, array in made.items():
        init = RULES[1][1] if "weight" in name else ai.zeros()
        one = init(SPECS[name], key=ai.key(7).fold_in(name), xp=backend.xp)
        if backend.name != "cupy":
            np.testing.assert_array_equal(backend.to_numpy(array), backend.to_numpy(one))


def test_an_error_says_at_which_parameter(monkeypatch):
    def full(*_):
        raise MemoryError("no more")

    rules = [("b", ai.orthogonal()), ("*", "zeros")]
    monkeypatch.setattr(make, "make", full)
    with pytest.raises(MemoryError, match="no more") as caught:
        ai.init_tree({"a": (3,), "b": (2, 2)}, rules, key=0)
    assert caught.value.__notes__ == ["at parameter 'b', after 12 of the 28 bytes of the plan"]


def test_an_error_in_a_batch_says_how_many(monkeypatch, together):
    def full(*_):
        raise MemoryError("no more")

    monkeypatch.setattr(make, "make_several", full)
    with pytest.raises(MemoryError) as caught:
        ai.init_tree(SPECS, RULES, key=0)
    (note,) = caught.value.__notes__
    assert note.startswith("at parameter 'a.weight' and 2 more of its shape, after 0 of the ")


def test_a_plan_fills_nothing_if_an_array_is_wrong():
    plan = ai.init_tree({"a": (3,), "b": (2,)}, {"*": "ones"}, key=0, dry_run=True)
    arrays = {"a": np.zeros(3, np.float32), "b": np.zeros(2)}
    with pytest.raises(ValueError, match="parameter 'b': `array` must have the dtype of the plan"):
        plan.fill(arrays)
    assert not arrays["a"].any()
    with pytest.raises(
        ValueError, match=r"every parameter of the plan, but 1 are missing, got \['b'\]"
    ):
        plan.fill({"a": arrays["a"]})
