"""One array under several names, which is filled once: by the first of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agnostic_init.arrays.errors import must
from agnostic_init.arrays.library import Library
from agnostic_init.models.assign import Chosen, assigned
from agnostic_init.models.rules import Rule

__all__ = ["firsts", "rules_of_firsts"]


def firsts(arrays: Sequence[Any], libraries: Sequence[Library]) -> list[int]:
    """For each array the number of the first that is the same memory in every respect."""
    known: dict[Any, int] = {}
    found = []
    for number, (array, library) in enumerate(zip(arrays, libraries, strict=True)):
        memory = library.memory(array)
        dtype = library.dtype_name(array.dtype)
        cut = library.cut(array)  # one memory may be other parts of the whole
        what = id(array) if memory is None else (memory, tuple(array.shape), dtype, cut)
        found.append(known.setdefault(what, number))
    return found


def rules_of_firsts(
    names: Sequence[str], numbers: Sequence[int], rules: Sequence[Rule] | Chosen
) -> Sequence[Rule] | Chosen:
    """The rules that those need that are filled, if other names have no other initializers."""
    chosen = assigned(names, rules)
    for name, number, rule in zip(names, numbers, chosen, strict=True):
        first = chosen[number]
        if rule.initializer != first.initializer:
            raise must(
                "rules",
                f"must be one for {names[number]!r} and {name!r}, which are one array",
                [first.text, rule.text],
                "only one of the names, or one initializer for both",
            )
    if isinstance(rules, Chosen):
        return rules
    needed = {id(chosen[number]) for number in numbers}
    return tuple(rule for rule in rules if id(rule) in needed)
