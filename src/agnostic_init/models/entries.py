"""From parameters and rules to what each parameter will be, checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agnostic_init.arrays.errors import within
from agnostic_init.bits.key import Key
from agnostic_init.models.assign import as_rules, assigned
from agnostic_init.models.entry import Entry
from agnostic_init.models.parameter import Parameter, check_name

__all__ = ["entries_of"]


def entries_of(
    parameters: Sequence[Parameter], rules: Any, stream: Key, default: str, explicit: bool
) -> list[Entry]:
    """The entries of a plan; `default` and `explicit` as of `plan_tree`."""
    names = [each.name for each in parameters]
    for name in names:
        if type(name) is not str or not name:
            check_name(name)
    chosen = assigned(names, as_rules(rules))
    keys = stream.fold_in_all(names)
    checked: set[Any] = set()
    entries = []
    for (name, shape, own, array, _), first, key in zip(parameters, chosen, keys, strict=True):
        rule = first.of(name, shape)
        given = None if array is not None and explicit else own
        # An array's dtype gives way to the rule's, that of a spec does not.
        dtype = (rule.dtype or given if array is not None else given or rule.dtype) or default
        what = id(rule.initializer), shape, dtype
        if what not in checked:
            with within(f"parameter {name!r}, rule {rule.text!r}"):
                rule.initializer.check(shape, dtype)
            checked.add(what)
        entries.append(Entry(name, shape, dtype, rule, key))
    return entries
