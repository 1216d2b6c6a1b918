"""Which rules a process needs that has some of a model's parameters, and no others."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Any

from agnostic_init.arrays.errors import Wording, check_choice, must, must_be_type
from agnostic_init.models.assign import COMPARED, assigned, listed
from agnostic_init.models.rules import Rule

__all__ = ["needed"]


def needed(
    names: Sequence[str], rules: Sequence[Rule], all_names: Any = None, unused: str = "error"
) -> tuple[Rule, ...]:
    """The rules that some of a model's names need, where a process has no others.

    Parameters
    ----------
    names
        Those that are here.
    rules
        Of the whole model.
    all_names
        All names of the model, which rules are checked by; None where they are not known.
    unused
        "error", or "ignore" for rules that no name needs.

    Raises
    ------
    ParameterError
        As of `assigned`, for all names; or if some are not among them.
    """
    check_choice("unused", unused, ("error", "ignore"))
    if all_names is not None:
        if isinstance(all_names, str) or not isinstance(all_names, Iterable):
            raise must_be_type("names", "must be the names of the whole model", all_names)
        known = dict.fromkeys(all_names)
        missing = [name for name in names if name not in known]
        if missing:
            rule = f"must have the names of all arrays, and lacks {len(missing)} of {len(names)}"
            close = difflib.get_close_matches(missing[0], list(known)[:COMPARED], n=1)
            hint = f"{close[0]!r}, which is close" if close else ""
            raise must("names", rule, Wording(listed(missing)), hint)
        assigned(tuple(known), rules, unused)
    here = set(map(id, assigned(names, rules, "ignore")))
    return tuple(rule for rule in rules if id(rule) in here)
