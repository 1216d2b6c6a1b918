"""Spec files, good and bad."""

from __future__ import annotations

import json

import pytest

import agnostic_init as ai
from agnostic_init.arrays.errors import ParameterError, ParameterTypeError
from agnostic_init.models.braces import expanded
from agnostic_init.models.spec_file import read_spec

GOOD = """
[defaults]
seed = 7
dtype = "float16"

[tensors]
"h.{0..1}.w" = [2, 3]
"h.{0..1}.b" = { shape = [3], dtype = "float32" }
scale = []
bias = 4

[[rules]]
match = "*.b"
init = "zeros"

[[rules]]
match = "re:h.*w"
init = { name = "normal", std = 0.02 }
dtype = "float64"

[[rules]]
match = "*"
init = "ones"
"""


def read(tmp_path, text, suffix=".toml"):
    path = tmp_path / f"spec{suffix}"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_spec(path)


def test_a_spec_file_is_a_plan(tmp_path):
    plan = read(tmp_path, GOOD).plan()
    assert [(entry.name, entry.shape, entry.dtype) for entry in plan] == [
        ("h.0.w", (2, 3), "float64"),
        ("h.1.w", (2, 3), "float64"),
        ("h.0.b", (3,), "float32"),
        ("h.1.b", (3,), "float32"),
        ("scale", (), "float16"),
        ("bias", (4,), "float16"),
    ]
    assert plan["h.0.w"].initializer == ai.normal(std=0.02)
    assert plan["h.0.w"].key == ai.key(7).fold_in("h.0.w")


def test_json_says_the_same(tmp_path):
    import tomllib

    as_json = json.dumps(tomllib.loads(GOOD))
    assert read(tmp_path, as_json, ".json") == read(tmp_path, GOOD)


def test_a_byte_order_mark_means_nothing(tmp_path):
    marked = b"\xef\xbb\xbf" + GOOD.encode()
    assert read(tmp_path, marked) == read(tmp_path, GOOD)


def test_a_key_may_be_a_name_or_come_from_outside(tmp_path):
    named = read(tmp_path, GOOD.replace("seed = 7", 'key = "model"'))
    assert named.plan().key == ai.key("model")
    assert named.plan(3).key == ai.key(3)
    none = read(tmp_path, GOOD.replace("seed = 7", ""))
    assert none.plan(0).key == ai.key(0)
    with pytest.raises(ParameterError, match=r"`\[defaults\]` must have a seed or a key"):
        none.plan()


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("a", ["a"]),
        ("{0..2}", ["0", "1", "2"]),
        ("{9..10}", ["9", "10"]),
        ("{08..10}", ["08", "09", "10"]),
        ("a{3..3}b", ["a3b"]),
        ("{a,b}{0..1}", ["a0", "a1", "b0", "b1"]),
    ],
)
def test_braces_stand_for_names_in_order(name, names):
    assert expanded(name) == names


TENSOR = "[tensors]\na = [2]\n"
RULE = '[[rules]]\nmatch = "*"\ninit = "zeros"\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[tensors", "not valid TOML: Expected"),
        ("a = 1\na = 2", "not valid TOML"),
        (b"\xff", "not valid TOML: .*utf-8"),
        ("", "`the file` must have tensors"),
        (TENSOR, r"`the file` must have rules.*\[\[rules\]\]"),
        ("[tensors]\n" + RULE, "`the file` must have tensors"),
        (TENSOR + RULE + "[default]\nseed=0", "must have no other keys .* 'default'; .*defaults"),
        (TENSOR + RULE + "[defaults]\nsede=0", r"`\[defaults\]` must .* 'sede'; try: seed"),
        (TENSOR + RULE + '[defaults]\nseed=0\nkey="a"', "a seed or a key, not both"),
        (TENSOR + RULE + "[defaults]\nseed=0.5", r"`\[defaults\] seed` must be an integer"),
        (TENSOR + RULE + "[defaults]\nseed=true", r"`\[defaults\] seed` must be an integer"),
        (TENSOR + RULE + "[defaults]\nkey=3", r"`\[defaults\] key` must be a string"),
        (TENSOR + RULE + "[defaults]\ndtype=3", r"`\[defaults\] dtype` must be the name"),
        ("defaults = 3\n" + TENSOR + RULE, r"`\[defaults\]` must be a table of seed"),
        ("tensors = [1]\n" + RULE, r"`\[tensors\]` must be a table"),
        ("[tensors]\nwte.weight = [2]\n" + RULE, r"'wte': .* quotes .* \"wte.weight\""),
        ('[tensors]\na = "2"\n' + RULE, r"\[tensors\] 'a': `shape` must be a list of integers"),
        ("[tensors]\na = [2, -1]\n" + RULE, r"\[tensors\] 'a': `shape` must have no negative"),
        ("[tensors]\na = [2, 0.5]\n" + RULE, r"\[tensors\] 'a': `shape` must be an integer or"),
        ("[tensors]\na = {shpe = [2]}\n" + RULE, r"'a': .* other keys .* 'shpe'; try: shape"),
        ("[tensors]\na = {dtype = 'float32'}\n" + RULE, r"'a': `the tensor` must have a shape"),
        ("[tensors]\na = {shape = [2], dtype = 1}\n" + RULE, "'a': `dtype` must be the name"),
        ('[tensors]\n"a{0..1}" = 2\na1 = 3\n' + RULE, "'a1'` must name each tensor once"),
        ('[tensors]\n"a{1..0}" = 2\n' + RULE, r"ranges that go up.*\{0..1\}"),
        ('[tensors]\n"a{0.1}" = 2\n' + RULE, r"a range \{0..11\} or a list"),
        ('[tensors]\n"a{0..1" = 2\n' + RULE, "braces in pairs"),
        ('[tensors]\n"a{0..9999999}" = 2\n' + RULE, "at most 1,000,000"),
        (TENSOR + '[rules]\nmatch="*"\ninit="zeros"', r"`\[\[rules\]\]` must be a list of tables"),
        ("rules = [3]\n" + TENSOR, r"\[\[rules\]\] number 1: `the rule` must be a table"),
        (TENSOR + '[[rules]]\ninit="zeros"', "number 1: `the rule` must have 'match'"),
        (TENSOR + '[[rules]]\nmatch="*"', "number 1: `the rule` must have 'init'"),
        (TENSOR + '[[rules]]\nmatsch="*"\ninit="zeros"', "'matsch'; try: match"),
        (TENSOR + '[[rules]]\nmatch="re:["\ninit="zeros"', "valid regular expression"),
        (TENSOR + '[[rules]]\nmatch="*"\ninit="zeroes"', r"rule '\*': `name` .*zeros"),
        (
            TENSOR + '[[rules]]\nmatch="*"\ninit={std=1}',
            r"rule '\*': `initializer` must have the name",
        ),
        (TENSOR + '[[rules]]\nmatch="*"\ninit={name="normal", sd=1}', "`sd` must be a parameter"),
        (TENSOR + '[[rules]]\nmatch="*"\ninit={name="normal", std=-1}', "`std` must"),
        (TENSOR + '[[rules]]\nmatch="*"\ninit={name="normal", std="0.1/2"}', "`std` must"),
    ],
)
def test_a_bad_spec_says_which_file_which_table_and_what(tmp_path, text, words):
    with pytest.raises((ParameterError, ParameterTypeError), match=words) as caught:
        read(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path / 'spec.toml'}: ")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not valid JSON: .*line 1"),
        ("[]", "`the file` must be a table"),
        ('{"tensors": {"a": [2], "a": [3]}}', "`names` must not be repeated, got 'a'"),
    ],
)
def test_bad_json_too(tmp_path, text, words):
    with pytest.raises((ParameterError, ParameterTypeError), match=words):
        read(tmp_path, text, ".json")
