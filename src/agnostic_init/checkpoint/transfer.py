"""Which parameters of a model are taken from a file, by their names, and which are made."""

from __future__ import annotations

import difflib
import fnmatch
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agnostic_init.arrays.errors import ParameterError, must, must_be_type, within
from agnostic_init.checkpoint.pretrained import pretrained
from agnostic_init.checkpoint.resizing import check_resize
from agnostic_init.models.rules import Rule, rules_of
from agnostic_init.models.specs import specs_of
from agnostic_init.storage.checkpoint import open_checkpoint

__all__ = ["Transfer", "transfer"]

REGEX = "re:"


@dataclass(frozen=True, slots=True, repr=False)
class Transfer:
    """What is taken from a file, and the rules that do so. Its text is a report.

    Attributes
    ----------
    rules
        For `init_tree` and `fill_tree`, of the names that were given.
    taken, resized
        Names of parameters, and of what they are taken.
    fresh
        Names of parameters that are made by rules.
    unused
        Names in the file that no parameter is taken from.
    """

    rules: tuple[Rule, ...]
    taken: dict[str, str]
    resized: dict[str, str]
    fresh: tuple[str, ...]
    unused: tuple[str, ...]

    def __repr__(self) -> str:
        return (
            f"Transfer({len(self.taken)} taken, {len(self.resized)} resized, "
            f"{len(self.fresh)} fresh, {len(self.unused)} unused)"
        )

    def __str__(self) -> str:
        lines = [repr(self)]
        for word, names in (("taken", self.taken), ("resized", self.resized)):
            lines += [
                f"{word}: {name}" + (f" from {of}" if of != name else "")
                for name, of in names.items()
            ]
        for word, others in (("fresh", self.fresh), ("unused", self.unused)):
            lines += [f"{word}: {name}" for name in others]
        return "\n".join(lines)


def transfer(
    path: str | os.PathLike[str],
    specs: Any,
    rules: Any,
    *,
    names: Any = None,
    resize: Any = None,
) -> Transfer:
    r"""Rules that take a model's parameters from a file where it has them, and make the others.

    Nothing is read but headers. The rules are used as any others are: by `init_tree` on any library,
    by `fill_tree` of arrays, modules and shards, of which each process reads its own part, and by
    `write` into a new file.

    Parameters
    ----------
    path
        Of a .safetensors file, of an index or of a folder with one.
    specs, rules
        As of `init_tree`: all parameters, and how those are made that are not taken. Rules that are
        needed for none are left out.
    names
        Pairs, or a mapping, of a pattern of parameters and the name in the file: a glob, whose stars
        stand for the same in the name (``("h.*", "transformer.h.*")``); ``"re:..."``, whose groups
        are ``\1`` in it; or None in place of the name for parameters that are to be made. The first
        that matches is the one, and the file must have what it names. Parameters that no pattern
        matches, and all where there is none, are taken where the file has their own name.
    resize
        Pairs, or a mapping, of a pattern of parameters and "corner", "repeat", "rows",
        "interpolate" or "grid", as of `pretrained`, for those whose shape in the file is another.

    Returns
    -------
    Transfer

    Raises
    ------
    ParameterError, ParameterTypeError
        If the file has not what a pattern names, a shape is another and no `resize` is for it, a
        pattern is for no parameter, or nothing at all is taken; the message names the tensor and
        the rule.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> from tempfile import TemporaryDirectory
    >>> old = ai.init_tree({"model.w": (2, 3)}, {"*": "ones"}, key=0, dry_run=True)
    >>> with TemporaryDirectory() as folder:
    ...     _ = ai.checkpoint.write(old, f"{folder}/model.safetensors")
    ...     specs = {"w": (3, 3), "b": (3,)}
    ...     found = ai.checkpoint.transfer(
    ...         folder, specs, {"*": "zeros"}, names={"w": "model.w"}, resize={"w": "corner"}
    ...     )
    ...     weights = ai.init_tree(specs, found.rules, key=0)
    >>> found
    Transfer(0 taken, 1 resized, 1 fresh, 0 unused)
    >>> weights["w"].sum(axis=1)
    array([3., 3., 0.], dtype=float32)
    """
    opened = open_checkpoint(path)
    where = str(opened.path)
    parameters = specs_of(specs)
    own_rules = rules_of(rules)
    maps, sizes = _pairs(names, "names"), _pairs(resize, "resize")
    own_names = [each.name for each in parameters]
    _check_needed(maps, own_names, "names")
    _check_needed(sizes, own_names, "resize")
    made: list[Rule] = []
    taken: dict[str, str] = {}
    resized: dict[str, str] = {}
    fresh: list[str] = []
    used: set[int] = set()
    for each in parameters:
        first = next((n for n, rule in enumerate(own_rules) if rule.matches(each.name)), None)
        source = _source(each.name, maps, opened, where)
        if source is None:
            fresh.append(each.name)
            if first is not None:
                used.add(first)
            continue
        kind = None
        if opened[source].shape != each.shape:
            kind = _resize(each.name, each.shape, source, opened[source].shape, sizes, where)
        rest = None
        if kind == "corner" and first is not None:
            rest = own_rules[first].of(each.name, each.shape).initializer
        with within(f"parameter {each.name!r}"):
            init = pretrained(where, source, kind, rest)
            init.check(each.shape, each.dtype or opened[source].dtype)
        dtype = None if each.dtype is not None else opened[source].dtype
        made.append(Rule(f"{REGEX}{re.escape(each.name)}", init, dtype))
        (taken if kind is None else resized)[each.name] = source
    if not made:
        hint = f"names, as {{'*': 'model.*'}}, for those of the file: {', '.join(list(opened)[:3])}"
        raise must("names", "must lead to a tensor of the file at least", names, hint)
    others = [rule for n, rule in enumerate(own_rules) if n in used]
    origins = {*taken.values(), *resized.values()}
    unused = tuple(name for name in opened if name not in origins)
    return Transfer((*made, *others), taken, resized, tuple(fresh), unused)


def _pairs(given: Any, parameter: str) -> list[tuple[str, Any]]:
    if given is None:
        return []
    items = given.items() if isinstance(given, Mapping) else given
    if isinstance(given, str) or not isinstance(items, Iterable):
        raise must_be_type(parameter, "must be a mapping of patterns, or pairs", given)
    found = []
    for item in items:
        pair: Any = item
        if not isinstance(pair, Sequence) or len(pair) != 2 or not isinstance(pair[0], str):
            raise must_be_type(parameter, "must hold pairs of a pattern and what it is for", item)
        pattern, what = pair
        if parameter == "resize":
            check_resize(what, f" for {pattern!r}")
        elif what is not None and not isinstance(what, str):
            rule = f"must be a name in the file, or None, for {pattern!r}"
            raise must_be_type(parameter, rule, what)
        found.append((pattern, what))
    return found


def _check_needed(pairs: list[tuple[str, Any]], names: list[str], parameter: str) -> None:
    """Raise for a pattern that is for none of the parameters, as one that is misspelt is."""
    for pattern, _ in pairs:
        if not any(_match(pattern, name, parameter) for name in names):
            close = difflib.get_close_matches(pattern.removeprefix(REGEX), names, n=3, cutoff=0.4)
            rule = "must have patterns that are for some parameter each"
            raise must(parameter, rule, pattern, ", ".join(close or names[:3]))


def _match(pattern: str, name: str, parameter: str = "names") -> re.Match[str] | None:
    """A match whose groups are what the stars of a glob stand for."""
    try:
        if pattern.startswith(REGEX):
            return re.fullmatch(pattern.removeprefix(REGEX), name)
        parts = [
            fnmatch.translate(part).removesuffix("\\Z").removesuffix("\\z")
            for part in pattern.split("*")
        ]
        inner = "(.*)".join(part.removeprefix("(?s:").removesuffix(")") for part in parts)
        return re.fullmatch(inner, name, re.DOTALL)
    except re.error as error:
        rule = f"must be a valid regular expression ({error})"
        raise must(parameter, rule, pattern) from None


def _source(name: str, maps: list[tuple[str, Any]], opened: Any, where: str) -> str | None:
    for pattern, template in maps:
        match = _match(pattern, name)
        if match is None:
            continue
        if template is None:
            return None
        source = _filled(pattern, template, match)
        if source not in opened:
            close = difflib.get_close_matches(source, list(opened), n=1)
            rule = f"must lead to a tensor of {where}, as {pattern!r} does not for {name!r}"
            raise must("names", rule, source, "".join(close) or "None in place of the name")
        return source
    return name if name in opened else None


def _filled(pattern: str, template: str, match: re.Match[str]) -> str:
    try:
        if pattern.startswith(REGEX):
            return match.expand(template)
        groups = iter(match.groups())
        return re.sub(r"\*", lambda _: next(groups), template)
    except (re.error, IndexError, StopIteration, RuntimeError):
        rule = f"must have no more stars, or groups, than {pattern!r}"
        raise must("names", rule, template) from None


def _resize(
    name: str,
    shape: tuple[int, ...],
    source: str,
    its: tuple[int, ...],
    sizes: list[tuple[str, Any]],
    where: str,
) -> str:
    for pattern, kind in sizes:
        if _match(pattern, name) is not None:
            return str(kind)
    message = (
        f"parameter {name!r}: `shape` must be {its}, that of {source!r} in {where}, got {shape}; "
        f"try: resize={{{name!r}: 'corner'}}, or None for its name"
    )
    raise ParameterError(message)
