"""A plan by name and in order."""

from __future__ import annotations

import time

import numpy as np
import pytest

import agnostic_init as ai

SPECS = {"w": (2, 3), "b": (3,)}


def plan_of(specs=SPECS, **more):
    return ai.init_tree(specs, {"*": "ones"}, key=0, dry_run=True, **more)


def test_names_and_entries_are_in_it():
    plan = plan_of()
    assert "w" in plan
    assert "x" not in plan
    assert 3 not in plan
    assert all(entry in plan and entry.name in plan for entry in plan)
    assert plan_of(dtype="float64")["w"] not in plan
    assert [plan[name].name for name in SPECS] == list(SPECS)
    with pytest.raises(KeyError, match="x"):
        plan["x"]


def test_a_name_is_found_at_once_among_many():
    plan = plan_of({f"h.{n}": 1 for n in range(20_000)})
    before = time.perf_counter()
    assert all(plan[entry.name] is entry for entry in plan)
    assert time.perf_counter() - before < 1  # one by one it takes ten


def test_two_entries_of_a_name_are_refused():
    plan = plan_of()
    with pytest.raises(ai.ParameterError, match=r"`entries` must have names that differ.*\['w'\]"):
        ai.Plan(plan.key, (*plan.entries, plan["w"]))


def test_a_mapping_as_like_has_every_parameter(backend):
    like = {"w": backend.xp.ones(1, dtype=backend.xp.float32)}
    with pytest.raises(ai.ParameterError, match=r"`like` must have every .* got \['b'\]"):
        plan_of().make(like=like)
    made = plan_of().make(like={**like, "b": None, "more": None})
    assert type(made["w"]) is type(like["w"])
    assert type(made["b"]) is np.ndarray
