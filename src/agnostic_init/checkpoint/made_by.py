"""What a file says of how it was made, and the plan that makes it again."""

from __future__ import annotations

import graphlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

from agnostic_init.arrays.dtypes import DTYPES
from agnostic_init.arrays.errors import ParameterError, ParameterTypeError, must, within
from agnostic_init.bits.key import Key
from agnostic_init.initializers.lookup import found
from agnostic_init.models.plan import Plan
from agnostic_init.models.rules import Rule, rules_of
from agnostic_init.models.specs import Spec
from agnostic_init.models.tree import plan_tree
from agnostic_init.storage.checkpoint import open_checkpoint
from agnostic_init.storage.header import parsed
from agnostic_init.version import __version__

__all__ = ["metadata_of", "plan_of_file"]

STREAM = "v1"
LARGEST = 1 << 20  # bytes of rules in a header; longer ones, of constants, are left out
MOST_PAIRS = 1_000_000  # of rules and names; about a second
KEY = re.compile(r"[0-9]{1,20},[0-9]{1,20}")


def metadata_of(plan: Plan) -> dict[str, str]:
    """The stream, the key, the rules and the version, as strings.

    Without the rules where they cannot be written in a file, as those of one's own initializers and
    expressions with flags, or are very many.
    """
    made = {
        "format": "pt",  # which transformers asks for, and which says nothing of the bytes
        "agnostic_init": __version__,
        "stream": STREAM,
        "key": f"{plan.key.seed},{plan.key.offset}",
    }
    try:
        rules = _rules_text(plan)
    except graphlib.CycleError:  # of a plan that no rules alone have made
        rules = None
    return made if rules is None else {**made, "rules": rules}


def _rules_text(plan: Plan) -> str | None:
    told = []
    if len({id(entry.rule) for entry in plan}) * len(plan) > MOST_PAIRS:
        return None
    names = [entry.name for entry in plan]
    if [entry.key for entry in plan] != plan.key.fold_in_all(names):
        return None  # as of layers that are copies of another, and so have its values
    for rule in _in_order(plan):
        if not isinstance(rule.pattern, str) and rule.pattern.flags != re.UNICODE:
            return None
        init = rule.initializer.to_dict()
        try:
            if found(init, "init") != rule.initializer:
                return None
            row = {"match": rule.text, "init": init}
            told.append(json.dumps(row if rule.dtype is None else {**row, "dtype": rule.dtype}))
        except (ParameterError, ParameterTypeError, TypeError):
            return None
    text = f"[{','.join(told)}]"
    return text if len(text) <= LARGEST else None


def _in_order(plan: Plan) -> list[Rule]:
    """The plan's rules in an order in which the first that matches a name is the one it has.

    Of all such orders the one that follows the names, whatever order the plan's parameters have: so
    a file that is made again, of which the names alone are known, has the same bytes.
    """
    entries = sorted(plan, key=lambda entry: entry.name)
    rules = list({id(entry.rule): entry.rule for entry in entries}.values())
    before: dict[int, set[int]] = {n: set() for n in range(len(rules))}
    numbers = {id(rule): n for n, rule in enumerate(rules)}
    for entry in entries:
        own = numbers[id(entry.rule)]
        for n, rule in enumerate(rules):
            if n != own and own not in before[n] and rule.matches(entry.name):
                before[n].add(own)
    return [rules[n] for n in graphlib.TopologicalSorter(before).static_order()]


def plan_of_file(
    path: str | os.PathLike[str], rules: Any = None, *, key: Any = None, dtype: str | None = None
) -> Plan:
    """The plan of a file's names, shapes and dtypes: by other rules, or the one that made the file.

    Parameters
    ----------
    path
        Of a .safetensors file, whoever wrote it, of an index or of a folder with one.
    rules
        As of `init_tree`; None for those that the file says it was made by.
    key
        As of `init_tree`; None for the one that the file says it was made with.
    dtype
        Of all floating-point tensors, in place of the file's.

    Returns
    -------
    Plan
        In the order of the names; writing it writes the same bytes as the file has, if it is its own
        plan.

    Raises
    ------
    ParameterError
        If the file does not say what was not given, or is not as its format says.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> from tempfile import TemporaryDirectory
    >>> plan = ai.init_tree({"w": (2, 3)}, {"*": ai.normal()}, key=5, dry_run=True)
    >>> with TemporaryDirectory() as folder:
    ...     _ = ai.checkpoint.write(plan, f"{folder}/model.safetensors")
    ...     ai.checkpoint.plan_of_file(folder) == plan
    True
    """
    opened = open_checkpoint(path)
    with within(str(opened.path)):
        specs = []
        for name in sorted(opened):
            own = opened[name].dtype
            if own not in DTYPES:
                place = f"dtype of {name!r}"
                raise must(place, "must be one whose elements have bytes of their own", own)
            wide = dtype is not None and DTYPES[own].kind == "float"
            specs.append((name, Spec(opened[name].shape, dtype if wide else own)))
        if not specs:
            raise must("the file", "must have tensors", dict(opened))
        if key is None:
            key = _key(opened.metadata)
        if rules is None:
            rules = _used(_rules(opened.metadata), [name for name, _ in specs])
        return plan_tree(specs, rules, key=key)


def _key(metadata: Mapping[str, str]) -> Key:
    text = metadata.get("key", "")
    if metadata.get("stream") != STREAM or not KEY.fullmatch(text):
        rule = "must say which key of stream v1 made it, where none is given"
        raise must("metadata", rule, dict(metadata), "a key, as by --seed 0")
    seed, offset = map(int, text.split(","))
    return Key(seed, offset)


def _rules(metadata: Mapping[str, str]) -> tuple[Rule, ...]:
    if metadata.get("stream") != STREAM or "rules" not in metadata:
        rule = "must say by which rules it was made, where none are given"
        raise must("metadata", rule, sorted(metadata), "rules, as by --rules SPEC")
    with within("rules of the metadata"):
        rows = parsed(metadata["rules"].encode("utf-8", "surrogatepass"), "the text")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise must("rules", "must be a list of tables", rows)
        made = []
        for row in rows:
            if not {"match", "init"} <= set(row) <= {"match", "init", "dtype"}:
                raise must("rules", "must be tables of match, init and dtype", row)
            made.append(Rule(row["match"], row["init"], row.get("dtype")))
        return rules_of(made)


def _used(rules: Sequence[Rule], names: Sequence[str]) -> list[Rule]:
    """The rules that some of the names have: a shard has not all of a model's."""
    used = set()
    for name in names:
        used.add(next((n for n, rule in enumerate(rules) if rule.matches(name)), -1))
    return [rule for n, rule in enumerate(rules) if n in used] or list(rules)
