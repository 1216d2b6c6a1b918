"""What a spec file may say, as a JSON schema: for editors, and for who writes specs by program."""

from __future__ import annotations

import inspect
from typing import Any

from agnostic_init.arrays.dtypes import DTYPES
from agnostic_init.initializers.registry import factory_of, names

__all__ = ["spec_schema"]

DRAFT = "http://json-schema.org/draft-07/schema#"
OF_OTHERS = {"type": "string", "pattern": r"\."}  # a name that another library has registered


def spec_schema() -> dict[str, Any]:
    """The JSON schema, of draft 7, that spec files keep to, as TOML and as JSON.

    It has every initializer of this package with the names of its parameters. What depends on
    shapes, as whether a layout fits, it does not know.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> from agnostic_init.models.spec_schema import spec_schema
    >>> sorted(spec_schema()["properties"])
    ['$schema', 'defaults', 'rules', 'tensors']
    """
    dtype = {"$ref": "#/definitions/dtype"}
    rule = {"match": {"type": "string", "minLength": 1}, "init": {"$ref": "#/definitions/init"}}
    return {
        "$schema": DRAFT,
        "title": "agnostic-init spec",
        "type": "object",
        "additionalProperties": False,
        "required": ["tensors", "rules"],
        "properties": {
            "$schema": {"type": "string", "description": "of JSON files, for editors"},
            "defaults": {
                **_table({"seed": _seed(), "key": {"type": "string"}, "dtype": dtype}),
                "not": {"required": ["seed", "key"]},
            },
            "tensors": {
                "description": "names, in which {0..11} and {q,k,v} stand for many, and shapes",
                "type": "object",
                "minProperties": 1,
                "additionalProperties": {
                    "anyOf": [
                        {"$ref": "#/definitions/shape"},
                        _table({"shape": {"$ref": "#/definitions/shape"}, "dtype": dtype}, "shape"),
                    ]
                },
            },
            "rules": {
                "description": "the first whose pattern matches a name is the one",
                "type": "array",
                "minItems": 1,
                "items": _table({**rule, "dtype": dtype}, "match", "init"),
            },
        },
        "definitions": {
            "dtype": {"type": "string", "enum": sorted(DTYPES)},
            "shape": {"anyOf": [_length(), {"type": "array", "items": _length(), "maxItems": 64}]},
            "init": {"anyOf": _initializers()},
        },
    }


def _table(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    table = {"type": "object", "additionalProperties": False, "properties": properties}
    return {**table, "required": list(required)} if required else table


def _seed() -> dict[str, Any]:
    return {"type": "integer", "minimum": 0, "maximum": (1 << 64) - 1}


def _length() -> dict[str, Any]:
    return {"type": "integer", "minimum": 0}


def _initializers() -> list[dict[str, Any]]:
    alone, tables = [], []
    for name in names():
        factory = factory_of(name)
        parameters = inspect.signature(factory).parameters
        needed = [n for n, each in parameters.items() if each.default is inspect.Parameter.empty]
        if not needed:
            alone.append(name)
        about = (inspect.getdoc(factory) or "").partition("\n")[0]
        own: dict[str, Any] = {"name": {"const": name}, **{each: {} for each in parameters}}
        tables.append({"description": about, **_table(own, "name", *needed)})
    theirs = {"type": "object", "properties": {"name": OF_OTHERS}, "required": ["name"]}
    return [{"type": "string", "enum": alone}, OF_OTHERS, *tables, theirs]
