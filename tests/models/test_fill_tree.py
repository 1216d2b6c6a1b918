"""fill_tree: all arrays of a model in place, or none of them."""

from __future__ import annotations

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.arrays.errors import ParameterError, ParameterTypeError

RULES = {"bias": "ones", "*": ai.normal()}


def test_the_arrays_are_written_as_init_tree_makes_them(backend):
    xp = backend.xp
    if backend.name in ("jax", "dask"):
        with pytest.raises(ParameterTypeError, match=r"parameter 'bias': .* cannot"):
            ai.fill_tree({"bias": xp.zeros(4, dtype=xp.float32)}, {"*": "ones"}, key=0)
        return
    arrays = {
        "bias": xp.zeros(4, dtype=xp.float32),
        "w": xp.zeros((3, 5), dtype=xp.float32),
        "double": xp.zeros((2, 2), dtype=xp.float64),
    }
    before = dict(arrays)
    told = []
    assert ai.fill_tree(arrays, RULES, key=3, progress=lambda *a: told.append(a)) is arrays
    assert [name for name, _, _ in told] == list(arrays)
    expected = ai.init_tree({n: (tuple(a.shape), a.dtype) for n, a in arrays.items()}, RULES, key=3)
    for name, array in expected.items():
        assert arrays[name] is before[name]
        np.testing.assert_array_equal(backend.to_numpy(arrays[name]), array)


def _read_only():
    array = np.zeros(3)
    array.flags.writeable = False
    return array


SHARED = np.zeros(6)


@pytest.mark.parametrize(
    ("second", "rules", "error", "words"),
    [
        (_read_only(), RULES, ParameterError, "parameter 'w': `array` must be writable.*read-only"),
        (np.broadcast_to(np.zeros(1), 3), RULES, ParameterError, "parameter 'w': .*writable"),
        (SHARED[:5], RULES, ParameterError, "must not share memory, as 'bias' and 'w' do"),
        (SHARED, RULES, ParameterError, "must be one for 'bias' and 'w', which are one array"),
        (SHARED.reshape(2, 3), RULES, ParameterError, "must not share memory"),
        (np.zeros(3, np.int64), RULES, ParameterError, "parameter 'w', rule .*floating-point"),
        ((3, 4), RULES, ParameterTypeError, "parameter 'w': `array` must be an array"),
        ([1.0, 2.0], RULES, ParameterTypeError, "parameter 'w': "),
        (np.zeros(3), {"bias": "ones"}, ParameterError, "none for 1 of 2: 'w'"),
        (np.zeros(3), {**RULES, "x": "ones"}, ParameterError, "must all be used"),
        (np.zeros((4, 5)), {"bias": "ones", "w": "he_normal"}, ParameterError, "layout"),
        (
            np.zeros(3),
            [("bias", "ones"), ai.Rule("w", "ones", "float32")],
            ParameterError,
            "parameter 'w': `dtype` must be that of the array, float64",
        ),
    ],
)
def test_bad_input_leaves_every_array_as_it_was(second, rules, error, words):
    SHARED[:] = 0
    arrays = {"bias": SHARED, "w": second}
    with pytest.raises(error, match=words):
        ai.fill_tree(arrays, rules, key=0)
    assert not SHARED.any()


def test_one_array_under_two_names_has_the_values_of_the_first():
    array = np.zeros(6)
    arrays = {"b": array, "other": np.zeros(3), "a": array[:]}
    rules = [ai.Rule("a", ai.normal()), ai.Rule("*", ai.normal())]
    assert ai.fill_tree(arrays, rules, key=0) is arrays
    expected = ai.normal()(6, key=ai.key(0).fold_in("b"), dtype="float64")
    np.testing.assert_array_equal(array, expected)


def test_pairs_are_a_mapping_too():
    array = np.zeros(3)
    assert ai.fill_tree([("a", array)], {"*": "ones"}, key=0)["a"] is array
    assert array.all()


def test_arrays_must_be_a_mapping():
    with pytest.raises(ParameterTypeError, match="`arrays` must be a mapping"):
        ai.fill_tree([3.0], {"*": "ones"}, key=0)


def test_arrays_without_elements_share_nothing():
    empty = np.zeros((0, 3))
    ai.fill_tree({"a": empty, "b": empty}, {"*": "ones"}, key=0)


def test_progress_that_cannot_be_called_is_told_of_before_anything_is_written(tmp_path):
    arrays = {"w": np.full(3, 7.0)}
    words = r"`progress` must be a function of a name, .* or None, got 3"
    plan = ai.init_tree({"w": (3,)}, {"*": "ones"}, key=0, dry_run=True)
    path = tmp_path / "m.safetensors"
    ai.checkpoint.write(plan, path)
    calls = [
        lambda: ai.fill_tree(arrays, {"*": "ones"}, key=0, progress=3),
        lambda: ai.init_tree(arrays, {"*": "ones"}, key=0, progress=3),
        lambda: plan.make(progress=3),
        lambda: ai.checkpoint.write(plan, tmp_path / "n", progress=3),
        lambda: ai.checkpoint.verify(plan, path, progress=3),
        lambda: ai.checkpoint.data_sha256(plan, progress=3),
        lambda: ai.checkpoint.check(path, progress=3),
    ]
    for call in calls:
        with pytest.raises(TypeError, match=words):
            call()
    with pytest.raises(TypeError, match="`before` must be a function without arguments, got 3"):
        ai.checkpoint.write(plan, tmp_path / "n", before=3)
    assert arrays["w"].tolist() == [7, 7, 7]
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_of_progress_says_what_was_written():
    arrays = {name: np.full(4, 7.0, np.float32) for name in "abc"}

    def progress(name, done, total):
        if name == "b":
            raise LookupError

    with pytest.raises(LookupError) as caught:
        ai.fill_tree(arrays, {"*": "ones"}, key=0, progress=progress)
    (note,) = caught.value.__notes__
    assert note.startswith("from `progress`, at parameter 'b': ")
    written = sum(int((each == 1).all()) for each in arrays.values())
    assert f": {16 * written} of the 48 bytes of the plan are made" in note
