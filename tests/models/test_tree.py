"""init_tree: whole models by name."""

from __future__ import annotations

import pickle
import re

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.arrays.errors import AmbiguousLayoutError, ParameterError, ParameterTypeError

SPECS = {
    "wte": (11, 6),
    "h.0.weight": ai.Spec((6, 6)),
    "h.0.bias": 6,
    "h.1.weight": ((6, 6), "float64"),
    "scale": (),
    "none": [0, 3],
}
RULES = [
    ("*.bias", "zeros"),
    ("scale", {"name": "constant", "value": 2.5}),
    (re.compile(r"h\.\d\.weight"), ai.normal(std=0.5)),
    ("*", ai.uniform(-1, 1)),
]
SINGLE = {name: spec for name, spec in SPECS.items() if name != "h.1.weight"}


def test_every_parameter_is_the_initializer_called_with_its_own_key(backend):
    made = ai.init_tree(SINGLE, RULES, key=7, xp=backend.xp)
    assert list(made) == list(SINGLE)
    expected = ai.normal(std=0.5)((6, 6), key=ai.key(7).fold_in("h.0.weight"))
    np.testing.assert_array_equal(backend.to_numpy(made["h.0.weight"]), expected)
    assert not backend.to_numpy(made["h.0.bias"]).any()
    assert backend.to_numpy(made["scale"]) == 2.5
    assert tuple(made["none"].shape) == (0, 3)


def test_one_more_parameter_or_another_order_changes_no_other():
    before = ai.init_tree(SPECS, RULES, key="model")
    more = {"first": (3, 3), **dict(reversed(SPECS.items())), "last": (2,)}
    after = ai.init_tree(more, RULES, key="model")
    for name, array in before.items():
        np.testing.assert_array_equal(array, after[name])


def test_parameters_differ_and_so_do_keys():
    specs = {"a": (50,), "b": (50,)}
    one, two = (ai.init_tree(specs, {"*": ai.normal()}, key=key) for key in (0, 1))
    assert not np.array_equal(one["a"], one["b"])
    assert not np.array_equal(one["a"], two["a"])


def test_a_dry_run_is_a_plan_that_makes_the_same():
    plan = ai.init_tree(SPECS, RULES, key=7, dry_run=True)
    assert isinstance(plan, ai.Plan)
    assert plan == pickle.loads(pickle.dumps(plan))
    assert hash(plan) == hash(pickle.loads(pickle.dumps(plan)))
    assert [entry.name for entry in plan] == list(SPECS)
    assert plan.elements == 66 + 36 + 6 + 36 + 1 + 0
    assert plan.bytes == 4 * (66 + 36 + 6 + 1) + 8 * 36
    assert plan["h.0.weight"].key == ai.key(7).fold_in("h.0.weight")
    assert plan["h.1.weight"].dtype == "float64"
    assert plan["h.0.weight"].description.std == 0.5
    with pytest.raises(KeyError):
        plan["other"]
    arrays = ai.init_tree(SPECS, RULES, key=7)
    for name, array in plan.make().items():
        np.testing.assert_array_equal(array, arrays[name])


def test_the_table_has_a_row_for_each_and_the_totals():
    lines = str(ai.init_tree(SPECS, RULES, key=7, dry_run=True)).splitlines()
    assert len(lines) == len(SPECS) + 2
    assert lines[0].split()[:4] == ["name", "shape", "dtype", "elements"]
    assert re.match(r"h.1.weight +\[6, 6\] +float64 +36 +288 +0 +0.5 +normal", lines[4])
    assert re.match(r"6 parameters +145 +724$", lines[-1])


@pytest.mark.parametrize(
    ("spec", "rule_dtype", "dtype", "expected"),
    [
        ((2,), None, None, "float32"),
        ((2,), None, "float16", "float16"),
        ((2,), "float64", "float16", "float64"),
        (((2,), "float16"), "float64", "float32", "float16"),
        (((2,), np.float64), None, None, "float64"),
        (np.empty(2, np.float16), None, None, "float16"),
        (np.empty(2, np.float16), "float64", None, "float64"),
        (np.empty(2, np.float16), None, "float64", "float64"),
    ],
)
def test_the_dtype_that_is_named_closest_wins(spec, rule_dtype, dtype, expected):
    rules = [ai.Rule("*", "ones", rule_dtype)]
    assert ai.init_tree({"a": spec}, rules, key=0, dtype=dtype)["a"].dtype == expected


def test_like_gives_library_and_dtype(backend):
    like = backend.xp.ones(3, dtype=backend.xp.float32)
    made = ai.init_tree({"a": (2, 2), "b": np.zeros(2)}, {"*": "ones"}, key=0, like=like)
    assert made["a"].dtype == made["b"].dtype == like.dtype
    assert type(made["b"]) is type(like)


def test_an_array_as_spec_is_its_own_like(backend):
    specs = {"a": backend.xp.ones((2, 2), dtype=backend.xp.float32), "b": (3,)}
    made = ai.init_tree(specs, {"*": ai.normal()}, key=0)
    assert type(made["a"]) is type(specs["a"])
    assert type(made["b"]) is np.ndarray
    made = ai.init_tree(specs, {"*": ai.normal()}, key=0, xp=np)
    assert type(made["a"]) is np.ndarray


def test_progress_is_told_after_each_parameter():
    told = []
    specs = {"a": (2,), "b": ((3,), "float64")}
    ai.init_tree(specs, {"*": "ones"}, key=0, progress=lambda *what: told.append(what))
    assert told == [("a", 8, 32), ("b", 32, 32)]


def test_wrong_parameters_are_found_before_anything_is_made(monkeypatch):
    made = []
    monkeypatch.setattr(ai.zeros, "make", lambda *_: made.append(1))
    specs = {"a": (2,), "b": (4, 5)}
    with pytest.raises(AmbiguousLayoutError, match="parameter 'b', rule 'b': "):
        ai.init_tree(specs, {"a": "zeros", "b": "he_uniform"}, key=0)
    with pytest.raises(ParameterError, match=r"parameter 'b'.*must broadcast"):
        ai.init_tree(specs, {"a": "zeros", "b": {"name": "constant", "value": [1.0, 2.0]}}, key=0)
    with pytest.raises(ParameterError, match="parameter 'b': `dtype` must be the name of a dt"):
        ai.init_tree({"a": 2, "b": ((2,), "float31")}, {"*": "zeros"}, key=0)
    assert not made


@pytest.mark.parametrize(
    ("specs", "rules", "more", "error", "words"),
    [
        ({}, {"*": "ones"}, {}, ParameterError, "`specs` must not be empty"),
        (3, {"*": "ones"}, {}, ParameterTypeError, "`specs` must be a mapping"),
        ("a", {"*": "ones"}, {}, ParameterTypeError, "`specs` must be a mapping"),
        ([("a", 2), ("a", 3)], {"*": "ones"}, {}, ParameterError, "every parameter once"),
        (["ab", 3], {"*": "ones"}, {}, ParameterTypeError, "must hold pairs"),
        ({3: 2}, {"*": "ones"}, {}, ParameterTypeError, "names that are strings"),
        ({"": 2}, {"*": "ones"}, {}, ParameterError, "no empty name"),
        ({"\udc80": 2}, {"*": "ones"}, {}, ParameterError, "`specs` must have names that UTF-8"),
        ({"a": -2}, {"*": "ones"}, {}, ParameterError, "parameter 'a': `shape` .*negative"),
        ({"a": (2, 1.5)}, {"*": "ones"}, {}, ParameterTypeError, "parameter 'a': `shape`"),
        ({"a": None}, {"*": "ones"}, {}, ParameterTypeError, "parameter 'a': `shape` must be a sh"),
        ({"a": {"b": "2"}}, {"*": "ones"}, {}, ParameterTypeError, "parameter 'a.b': `shape`"),
        ({"a": ((2,), 0.5j)}, {"*": "ones"}, {}, ParameterTypeError, "integers"),
        ({"a": ((2,), None, 1)}, {"*": "ones"}, {}, ParameterTypeError, "integers"),
        ({"a": ((2,), "int 8")}, {"*": "ones"}, {}, ParameterError, "`dtype` must be the name of"),
        ({"a": ((2,), "int8")}, {"*": ai.normal()}, {}, ParameterError, "floating-point dtype"),
        ({"a": 2}, {}, {}, ParameterError, "`rules` must not be empty"),
        ({"a": 2}, None, {}, ParameterTypeError, "`rules` must be a mapping"),
        ({"a": 2}, "zeros", {}, ParameterTypeError, "`rules` must be a mapping"),
        ({"a": 2}, ["zeros"], {}, ParameterTypeError, r"`rules\[0\]` must be a pair"),
        ({"a": 2}, [("*", "zros")], {}, ParameterError, r"rules\[0\]: rule '\*': `name`"),
        ({"a": 2}, {"b": "ones"}, {}, ParameterError, "match every parameter.*must all be used"),
        ({"a": 2}, {"*": "ones"}, {"key": None}, ParameterTypeError, "`key` must be a Key"),
        ({"a": 2}, {"*": "ones"}, {"key": 1.5}, ParameterTypeError, "`key` must be a Key"),
        ({"a": 2}, {"*": "ones"}, {"like": np.ones(1), "xp": np}, ParameterError, "together"),
        ({"a": 2}, {"*": "ones"}, {"device": "cuda"}, ParameterError, "`device` must be 'cpu'"),
        ({"a": 2}, {"*": "ones"}, {"xp": 3}, ParameterTypeError, "`xp` must be an array API"),
    ],
)
def test_bad_input(specs, rules, more, error, words):
    for dry_run in (False, True):
        with pytest.raises(error, match=words):
            ai.init_tree(specs, rules, **{"key": 0, "dry_run": dry_run, **more})


def test_a_key_must_be_given():
    with pytest.raises(TypeError, match="key"):
        ai.init_tree({"a": 2}, {"*": "ones"})
