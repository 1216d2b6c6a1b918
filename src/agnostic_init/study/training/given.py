"""What a user gave to compare: initializers by name, and seeds."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from agnostic_init.arrays.errors import must, must_be_type
from agnostic_init.arrays.numbers import as_integer, integer, positive_integer
from agnostic_init.initializers.base import Initializer
from agnostic_init.initializers.lookup import found

__all__ = ["for_weights", "initializers_of", "named", "seeds_of"]


def named(given: Any, what: str = "initializers") -> dict[str, Any]:
    """What a user gave to compare, by name: a mapping, a sequence, or one alone.

    Examples
    --------
    >>> named(["zeros", {"name": "normal", "std": 0.02}])
    {'zeros': 'zeros', 'normal(std=0.02)': {'name': 'normal', 'std': 0.02}}
    """
    if isinstance(given, Mapping) and "name" not in given:
        pairs = list(given.items())
    else:
        one = isinstance(given, str | Mapping | Initializer) or callable(given)
        try:
            items = [given] if one else list(given)
        except TypeError:
            rule = "must be a list of initializers, or a mapping of names to them"
            raise must_be_type(what, rule, given, "['he_normal', 'glorot_uniform']") from None
        pairs = [(_called(item), item) for item in items]
    if not pairs:
        raise must(what, "must have at least one", given, "['he_normal', 'glorot_uniform']")
    for name, _ in pairs:
        if not isinstance(name, str) or not name:
            raise must_be_type(what, "must have names that are text", name)
    if len({name for name, _ in pairs}) < len(pairs):
        rule = "must have different names"
        raise must(what, rule, [name for name, _ in pairs], "a mapping of names to initializers")
    return dict(pairs)


def initializers_of(given: Any) -> dict[str, Initializer]:
    """The initializers that a user gave, for weights of shape (outputs, inputs)."""
    return {name: for_weights(each) for name, each in named(given).items()}


def for_weights(given: Any) -> Initializer:
    """An initializer whose layout, where it has one and none was given, is that of dense weights."""
    init = found(given, "initializers")
    fields = {each.name for each in dataclasses.fields(init)}  # type: ignore[arg-type]
    if (
        "layout" in fields
        and getattr(init, "layout", "") is None
        and not getattr(init, "fan", None)
    ):
        return dataclasses.replace(init, layout="torch")  # type: ignore[type-var]
    return init


def seeds_of(given: Any) -> tuple[int, ...]:
    """The seeds: as many from 0 as an integer says, or the integers of a sequence."""
    count = as_integer(given)
    if count is not None:
        return tuple(range(positive_integer("seeds", count, "5")))
    if isinstance(given, str) or not hasattr(given, "__iter__"):
        raise must_be_type("seeds", "must be how many there are, or integers", given, "5")
    seeds = tuple(integer("seeds", each) for each in given)
    if not seeds or len(set(seeds)) < len(seeds):
        raise must("seeds", "must be different, and at least one", given, "5")
    if not all(0 <= seed < 1 << 64 for seed in seeds):
        raise must("seeds", "must be in [0, 2^64)", given)
    return seeds


def _called(given: Any) -> str:
    if isinstance(given, Mapping):
        shown = ", ".join(f"{name}={value!r}" for name, value in given.items() if name != "name")
        return f"{given.get('name')}({shown})" if shown else str(given.get("name"))
    return given if isinstance(given, str) else repr(given)
