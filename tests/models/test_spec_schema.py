"""The JSON schema of spec files: it takes what the reader takes, and refuses what it can."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from agnostic_init.cli import main
from agnostic_init.initializers.registry import names
from agnostic_init.models.spec_file import spec_of_data
from agnostic_init.models.spec_schema import spec_schema

fastjsonschema = pytest.importorskip("fastjsonschema")
EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.toml"))
VALID = fastjsonschema.compile(spec_schema())
GOOD = {
    "$schema": "spec.schema.json",
    "defaults": {"seed": 0, "dtype": "bfloat16"},
    "tensors": {"w.{0..1}": [2, 3], "b": 3, "s": [], "t": {"shape": 4, "dtype": "float8_e4m3fn"}},
    "rules": [
        {"match": "b", "init": "zeros"},
        {"match": "re:w.*", "init": {"name": "he_normal", "layout": "torch"}, "dtype": "float16"},
        {"match": "*", "init": {"name": "constant", "value": [1, 2, 3, 4]}},
    ],
}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_are_valid(path):
    VALID(tomllib.loads(path.read_text(encoding="utf-8")))


def test_what_it_takes_the_reader_takes():
    VALID(GOOD)
    assert spec_of_data(GOOD).dtype == "bfloat16"
    VALID({**GOOD, "rules": [{"match": "*", "init": {"name": "mylib.special", "size": 3}}]})


@pytest.mark.parametrize(
    "change",
    [
        {"more": {}},
        {"$schema": 3},
        {"defaults": {"seed": -1}},
        {"defaults": {"seed": 0, "key": "a"}},
        {"defaults": {"sed": 0}},
        {"defaults": {"dtype": "float31"}},
        {"tensors": {}},
        {"tensors": {"w": [2, -1]}},
        {"tensors": {"w": [2.5]}},
        {"tensors": {"w": "2, 3"}},
        {"tensors": {"w": {"dtype": "float32"}}},
        {"tensors": {"w": {"shape": 2, "type": "float32"}}},
        {"rules": []},
        {"rules": [{"match": "*"}]},
        {"rules": [{"match": "", "init": "zeros"}]},
        {"rules": [{"match": "*", "init": "zeroes"}]},
        {"rules": [{"match": "*", "init": "constant"}]},
        {"rules": [{"match": "*", "init": {"std": 1}}]},
        {"rules": [{"match": "*", "init": {"name": "normal", "sd": 1}}]},
        {"rules": [{"match": "*", "init": "zeros", "when": 1}]},
    ],
    ids=str,
)
def test_what_it_refuses_the_reader_refuses_too(change):
    bad = {**GOOD, **change}
    with pytest.raises(fastjsonschema.JsonSchemaValueException):
        VALID(bad)
    with pytest.raises((ValueError, TypeError)):
        spec_of_data(bad).plan(0)


def test_the_command_prints_it_with_every_initializer(capsys):
    assert main(["schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema == spec_schema()
    tables = [each for each in schema["definitions"]["init"]["anyOf"] if "description" in each]
    assert [each["properties"]["name"]["const"] for each in tables] == names()
    assert all(each["description"].endswith(".") for each in tables)
