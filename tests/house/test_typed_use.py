"""What a user's type checker sees: mypy reads this file with the package, pytest runs it."""

from __future__ import annotations

import re
from typing import Any, assert_type

import numpy as np

import agnostic_init as ai


def test_what_is_documented_has_a_type() -> None:
    rules = [
        ai.Rule("*.bias", "zeros"),
        ai.Rule(re.compile("w.*"), ai.normal(std=0.02), np.float32),
        ai.Rule("*", {"name": "normal", "std": 0.02}, dtype="float16"),
    ]
    assert_type(rules[0].initializer, ai.Initializer)
    assert_type(rules[0].dtype, str | None)
    specs = {"a.bias": ai.Spec(3), "w": ai.Spec([3, 4]), "x": ai.Spec((np.int64(3), 4), np.float32)}
    assert_type(specs["w"].shape, tuple[int, ...])

    assert_type(ai.get("zeros"), ai.Initializer)
    assert_type(ai.get({"name": "zeros"}), ai.Initializer)
    assert_type(ai.key("a"), ai.Key)
    assert_type(ai.normal().describe((3, 5), np.float32), ai.Description)
    assert_type(ai.normal.from_dict({"name": "normal"}), ai.normal)


def test_init_tree_has_the_type_that_it_returns() -> None:
    specs, rules = {"a": (2,)}, {"*": "ones"}
    assert_type(ai.init_tree(specs, rules, key=0), dict[str, Any])
    assert_type(ai.init_tree(specs, rules, key=0, dry_run=False), dict[str, Any])
    plan = ai.init_tree(specs, rules, key=0, dry_run=True)
    assert_type(plan, ai.Plan)
    assert_type(plan["a"], ai.Entry)
    assert_type(plan.make(), dict[str, Any])
    arrays = {"a": np.zeros(2)}
    assert ai.fill_tree(arrays, rules, key=0) is arrays
    for dry_run in (False, True):
        assert_type(ai.init_tree(specs, rules, key=0, dry_run=dry_run), dict[str, Any] | ai.Plan)


def test_what_raises_is_an_error_for_the_type_checker_too() -> None:
    for call in (
        lambda: ai.get(ai.normal),  # type: ignore[arg-type]
        lambda: ai.Rule("*", ai.he_normal),  # type: ignore[arg-type]
        lambda: ai.Rule(3, "zeros"),  # type: ignore[arg-type]
        lambda: ai.Spec(2.5),  # type: ignore[arg-type]
        lambda: ai.Spec("3"),  # type: ignore[arg-type]
    ):
        try:
            call()
        except ai.ParameterTypeError:
            continue
        raise AssertionError


def test_the_folders_have_types() -> None:
    assert_type(
        ai.checkpoint.data_sha256(ai.init_tree({"a": 2}, {"*": "ones"}, key=0, dry_run=True)), str
    )


def test_calibrate_returns_its_report() -> None:
    def model(x: Any, layer: Any) -> Any:
        return layer(lambda w: x @ w, "w")

    done = ai.calibrate(model, np.eye(2), parameters={"w": np.eye(2)})
    assert_type(done, ai.calibration.Calibration)
    assert_type(done["w"].left, str)
    assert_type(done.rows, tuple[ai.calibration.Calibrated, ...])


def test_faces_for_library_authors_have_types() -> None:
    def made(init: ai.typing.Initializer, key: ai.Key) -> Any:
        return init((2, 3), key=key.fold_in("w"))

    class small(ai.CustomInitializer):
        gain: float = 1.0

        def initializer(self, shape: tuple[int, ...], dtype: str) -> ai.Initializer:
            return ai.normal(std=self.gain / len(shape))

    assert_type(small(gain=2.0).gain, float)
    assert made(ai.he_normal("torch"), ai.key(0)).shape == made(small(), ai.key(1)).shape
    generator = ai.Generator(0)
    assert_type(generator.spawn(2), list[ai.Generator])
    assert_type(generator.next_key(), ai.Key)
    assert_type(ai.from_function(lambda shape, key, xp, dtype, device: 0)(), ai.CustomInitializer)
