"""What a file says of how it was made makes it again."""

from __future__ import annotations

import dataclasses
import json
import re

import numpy as np
import pytest
import safetensors.numpy

import agnostic_init as ai
from agnostic_init.arrays.errors import ParameterError
from agnostic_init.checkpoint import data_sha256, plan_of_file, verify, write
from agnostic_init.checkpoint.made_by import metadata_of
from agnostic_init.initializers.constant import zeros

SPECS = {"h.0.w": (64, 48), "h.0.bias": (48,), "bias": (5,), "x": ((3, 7), "float16")}
RULES = [
    ("h.*.bias", ai.constant(float("inf"))),
    ("re:b.*", ai.uniform(-1, 1)),
    (re.compile("h.*"), ai.orthogonal()),
    ("*", ai.truncated_normal(std=0.02)),
]


@pytest.mark.parametrize("size", [None, 500])
def test_a_file_is_made_again_of_itself(tmp_path, size):
    plan = ai.init_tree(SPECS, RULES, key=ai.key("a model"), dry_run=True)
    written = write(plan, tmp_path / "m.safetensors", max_shard_size=size)
    again = plan_of_file(written.path)
    assert data_sha256(again) == written.sha256
    assert verify(again, written.path) == ()
    assert {each.name: each.key for each in again} == {each.name: each.key for each in plan}
    for file in written.files:  # each part knows enough of itself
        assert verify(plan_of_file(file), file) == ()


def test_a_file_that_is_made_again_has_the_same_bytes_whatever_the_order_of_the_specs(tmp_path):
    specs = {"z.w": (4, 4), "a.w": (4, 3), "m.bias": (4,), "b.bias": (3,), "c.w": (2, 2)}
    rules = [("*.bias", "zeros"), ("re:[az].w", ai.normal()), ("*", "ones")]
    made = []
    for names in (list(specs), sorted(specs), sorted(specs, reverse=True)):
        plan = ai.plan_tree({name: specs[name] for name in names}, rules, key=3)
        file = write(plan, tmp_path / f"{len(made)}.safetensors").path
        again = write(plan_of_file(file), tmp_path / "again.safetensors", overwrite=True).path
        made += [file.read_bytes(), again.read_bytes()]
    assert len(set(made)) == 1


def test_the_order_of_rules_is_one_that_gives_each_name_its_own():
    rng = np.random.default_rng(0)
    patterns = ["a*", "*b", "*c*", "ab*", "*", "re:a.*c", "c*b"]
    names = ["".join(rng.choice(list("abc"), 4)) for _ in range(40)]
    for _ in range(50):
        order = [str(each) for each in rng.permutation(patterns)]
        order = [*[each for each in order if each != "*"], "*"]
        used = {next(p for p in order if ai.Rule(p, "zeros").matches(name)) for name in names}
        rules = [(p, ai.constant(n)) for n, p in enumerate(order) if p in used]
        plan = ai.init_tree(dict.fromkeys(names, (1,)), rules, key=0, dry_run=True)
        told = json.loads(metadata_of(plan)["rules"])
        again = [ai.Rule(each["match"], each["init"]) for each in told]
        for entry in plan:
            first = next(rule for rule in again if rule.matches(entry.name))
            assert first.initializer == entry.initializer


@dataclasses.dataclass(frozen=True, repr=False)
class mine(zeros):
    """One of a user's own."""


@pytest.mark.parametrize(
    "rules",
    [{"*": mine()}, {re.compile("W", re.IGNORECASE): ai.ones()}],
)
def test_rules_that_no_file_can_say_are_left_out(tmp_path, rules):
    plan = ai.init_tree({"w": (3,)}, rules, key=0, dry_run=True)
    assert "rules" not in metadata_of(plan)
    write(plan, tmp_path / "m.safetensors")
    with pytest.raises(ParameterError, match=r"by which rules it was made.*--rules SPEC"):
        plan_of_file(tmp_path)
    assert verify(plan_of_file(tmp_path, rules), tmp_path) == ()


def test_a_file_of_another_writer_needs_rules_and_a_key(tmp_path):
    safetensors.numpy.save_file(
        {"w": np.ones((2, 3), "f4"), "n": np.ones(4, "i8")}, tmp_path / "m.safetensors"
    )
    with pytest.raises(ParameterError, match="which key of stream v1 made it"):
        plan_of_file(tmp_path)
    with pytest.raises(ParameterError, match="by which rules it was made"):
        plan_of_file(tmp_path, key=0)
    rules = {"n": "zeros", "*": ai.normal()}
    plan = plan_of_file(tmp_path, rules, key=0)
    assert [(each.name, each.shape, each.dtype) for each in plan] == [
        ("n", (4,), "int64"),
        ("w", (2, 3), "float32"),
    ]
    assert plan_of_file(tmp_path, rules, key=0, dtype="float16")["w"].dtype == "float16"
    assert plan_of_file(tmp_path, rules, key=0, dtype="float16")["n"].dtype == "int64"


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({"stream": "v2", "key": "1,0"}, "which key of stream v1"),
        ({"stream": "v1", "key": "1"}, "which key of stream v1"),
        ({"stream": "v1", "key": "-1,0"}, "which key of stream v1"),
        ({"stream": "v1", "key": "99999999999999999999,0"}, "seed"),
        ({"stream": "v1", "key": "1,0", "rules": "["}, "not valid JSON"),
        ({"stream": "v1", "key": "1,0", "rules": "{}"}, "must be a list of tables"),
        ({"stream": "v1", "key": "1,0", "rules": "[1]"}, "must be a list of tables"),
        ({"stream": "v1", "key": "1,0", "rules": "[{}]"}, "tables of match, init and dtype"),
        ({"stream": "v1", "key": "1,0", "rules": '[{"match":"*","init":"no"}]'}, "no"),
        ({"stream": "v1", "key": "1,0", "rules": '[{"match":"x","init":"zeros"}]'}, "rule"),
    ],
    ids=range(10),
)
def test_metadata_that_lies(tmp_path, metadata, words):
    safetensors.numpy.save_file({"w": np.ones(3, "f4")}, tmp_path / "m.safetensors", metadata)
    with pytest.raises(ParameterError, match=words):
        plan_of_file(tmp_path)


def test_what_differs_is_named(tmp_path):
    plan = ai.init_tree(SPECS, RULES, key=0, dry_run=True)
    made = {name: np.array(each) for name, each in ai.init_tree(SPECS, RULES, key=0).items()}
    made["x"].view("u2")[2, 6] ^= 1
    made["more"] = np.ones(2)
    made["bias"] = made["bias"][:4]
    del made["h.0.bias"]
    safetensors.numpy.save_file(made, tmp_path / "m.safetensors")
    assert verify(plan, tmp_path) == ("bias", "h.0.bias", "more", "x")
