"""Spec files: the tensors and rules of a model as TOML or JSON."""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from agnostic_init.arrays.dtype_names import name_of
from agnostic_init.arrays.errors import ParameterError, Wording, must, must_be_type, within
from agnostic_init.models.braces import MOST, expanded
from agnostic_init.models.plan import Plan
from agnostic_init.models.rules import Rule
from agnostic_init.models.specs import Spec
from agnostic_init.models.tree import plan_tree

__all__ = ["SpecFile", "read_rules", "read_spec", "spec_of", "spec_of_data"]

LARGEST = 1 << 26  # bytes of a file; a model of a million tensors has less
TABLES = ("defaults", "tensors", "rules")
FOR_EDITORS = "$schema"  # which JSON files name their schema by
DEFAULTS = ("seed", "key", "dtype")
TENSOR = ("shape", "dtype")
RULE = ("match", "init", "dtype")


@dataclass(frozen=True, slots=True)
class SpecFile:
    """What a spec file says.

    Attributes
    ----------
    tensors
        Names and specs, in the order of the file, braces expanded.
    rules
        In the order of the file.
    key
        The seed, or the name that is the key; None where the file has neither.
    dtype
        Of the tensors that nothing else gives one.
    """

    tensors: tuple[tuple[str, Spec], ...]
    rules: tuple[Rule, ...]
    key: int | str | None = None
    dtype: str = "float32"

    def plan(self, key: Any = None, dtype: str | None = None) -> Plan:
        """The plan, with another key or default dtype than the file's if one is given."""
        chosen = self.key if key is None else key
        if chosen is None:
            rule = "must have a seed or a key, as nothing is drawn without one"
            raise must("[defaults]", rule, None, "seed = 0, or --seed 0")
        return plan_tree(self.tensors, self.rules, key=chosen, dtype=dtype or self.dtype)


def read_spec(path: Path) -> SpecFile:
    """Read a spec file, TOML or, where its name ends in .json, JSON.

    Raises
    ------
    ParameterError, ParameterTypeError
        If it is not TOML or JSON, or has keys or values that mean nothing; the message begins with
        the file, and says which table.
    OSError
        If it cannot be read.
    """
    with path.open("rb") as file:
        return spec_of(file, str(path))


def read_rules(path: Path) -> tuple[tuple[Rule, ...], int | str | None]:
    """The rules of a spec file, which may have no tensors, and its key if it has one."""
    with path.open("rb") as file:
        content = file.read(LARGEST + 1)
    with within(str(path)):
        top = _table(_parsed(content, str(path)), "the file", TABLES)
        if not top.get("rules"):
            raise must("the file", "must have rules", sorted(top), "[[rules]]")
        defaults = _table(top.get("defaults", {}), "[defaults]", DEFAULTS)
        return tuple(_rules(top["rules"])), _key(defaults)


def spec_of(file: BinaryIO, place: str) -> SpecFile:
    """The same of an open file, which `place` names in messages.

    It is JSON where the name ends in .json or the content begins as a table of JSON does.
    """
    content = file.read(LARGEST + 1)
    with within(place):
        return spec_of_data(_parsed(content, place))


def _parsed(content: bytes, place: str) -> Any:
    if len(content) > LARGEST:
        raise must("the file", f"must have at most {LARGEST:,} bytes", f"{len(content):,} or more")
    if content[8:10] == b'{"':
        hint = "the TOML file that it was made of"
        raise must("the file", "must be a spec", Wording("a safetensors file"), hint)
    is_json = place.lower().endswith(".json") or content.lstrip().startswith(b"{")
    kind = "JSON" if is_json else "TOML"
    try:
        text = content.decode("utf-8-sig")
        return json.loads(text, object_pairs_hook=_once) if is_json else tomllib.loads(text)
    except RecursionError:
        message = f"not valid {kind}: nested too deeply"
        raise ParameterError(message) from None
    except ParameterError:
        raise
    except ValueError as error:  # theirs, or of a number of too many digits
        message = f"not valid {kind}: {error}"
        raise ParameterError(message) from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise must("names", "must not be repeated", next(n for n in names if names.count(n) > 1))
    return found


def spec_of_data(data: Any) -> SpecFile:
    """The same of what a file was parsed to: tables are dictionaries."""
    if isinstance(data, Mapping) and isinstance(data.get(FOR_EDITORS), str):
        data = {name: value for name, value in data.items() if name != FOR_EDITORS}
    top = _table(data, "the file", TABLES)
    for name in ("tensors", "rules"):
        if not top.get(name):
            hint = '[tensors] with "name" = [2, 3]' if name == "tensors" else "[[rules]]"
            raise must("the file", f"must have {name}", sorted(top), hint)
    defaults = _table(top.get("defaults", {}), "[defaults]", DEFAULTS)
    dtype = _dtype(defaults.get("dtype"), "[defaults] dtype")
    return SpecFile(
        tuple(_tensors(top["tensors"])),
        tuple(_rules(top["rules"])),
        _key(defaults),
        dtype or "float32",
    )


def _key(defaults: Mapping[str, Any]) -> int | str | None:
    if "seed" in defaults and "key" in defaults:
        raise must("[defaults]", "must have a seed or a key, not both", dict(defaults))
    seed, name = defaults.get("seed"), defaults.get("key")
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):
        raise must_be_type("[defaults] seed", "must be an integer", seed, 'key = "a name"')
    if name is not None and not isinstance(name, str):
        raise must_be_type("[defaults] key", "must be a string", name, "seed = 0")
    return name if seed is None else seed


def _tensors(data: Any) -> Iterable[tuple[str, Spec]]:
    if not isinstance(data, Mapping):
        raise must_be_type("[tensors]", "must be a table of names and shapes", data)
    seen: dict[str, str] = {}
    for line, value in data.items():
        place = f"[tensors] {line!r}"
        with within(place):
            spec = _tensor(value, line)
            names = expanded(line)
            if len(names) > 1 and len(seen) + len(names) > MOST:
                rule = f"must make at most {MOST:,} names with the lines before it"
                raise must("name", rule, line, "fewer braces in them")
        for name in names:
            if name in seen:
                rule = f"must name each tensor once, and so does {seen[name]!r}"
                raise must(place, rule, name)
            seen[name] = line
            yield name, spec


def _tensor(value: Any, line: str) -> Spec:
    if isinstance(value, Mapping):
        if not difflib.get_close_matches("shape", list(value)) and not set(TENSOR) & set(value):
            inner = next(iter(value), "weight")
            rule = "must be a shape, or a table with shape and dtype"
            raise must("value", rule, value, f'quotes around a name with dots: "{line}.{inner}"')
        table = _table(value, "the tensor", TENSOR)
        if "shape" not in table:
            raise must("the tensor", "must have a shape", dict(table), "shape = [2, 3]")
        shape, dtype = table["shape"], _dtype(table.get("dtype"), "dtype")
    else:
        shape, dtype = value, None
    if not isinstance(shape, list | int) or isinstance(shape, bool):
        raise must_be_type("shape", "must be a list of integers", shape, "[2, 3]")
    return Spec(tuple(shape) if isinstance(shape, list) else (shape,), dtype)


def _rules(data: Any) -> Iterable[Rule]:
    if not isinstance(data, list):
        raise must_be_type("[[rules]]", "must be a list of tables", data, "double brackets")
    for number, value in enumerate(data, 1):
        with within(f"[[rules]] number {number}"):
            rule = _table(value, "the rule", RULE)
            for name in ("match", "init"):
                if name not in rule:
                    raise must("the rule", f"must have {name!r}", dict(rule))
            yield Rule(rule["match"], rule["init"], _dtype(rule.get("dtype"), "dtype"))


def _dtype(value: Any, place: str) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise must_be_type(place, "must be the name of a dtype", value, '"float32"')
    return name_of(value)


def _table(value: Any, place: str, known: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise must_be_type(place, f"must be a table of {', '.join(known)}", value)
    for name in value:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            raise must(
                place, f"must have no other keys than {', '.join(known)}", name, "".join(close)
            )
    return value
