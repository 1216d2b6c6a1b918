"""Which rule is for which parameter, and what is wrong where that does not come out even."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agnostic_init.arrays.errors import ParameterError
from agnostic_init.models.rules import Rule, firsts, rules_of

__all__ = ["COMPARED", "Chosen", "as_rules", "assigned", "listed"]

SHOWN = 8
COMPARED = 1000  # names, for a hint: comparing takes time, and names of a model are much alike


class Chosen(dict[str, Rule]):
    """The rules of names for which they were chosen before, in some other way."""


def as_rules(rules: Any) -> Sequence[Rule] | Chosen:
    """Rules as a user gives them, or those that were chosen."""
    return rules if isinstance(rules, Chosen) else rules_of(rules)


def assigned(
    names: Sequence[str], rules: Sequence[Rule] | Chosen, unused_rules: str = "error"
) -> tuple[Rule, ...]:
    """The first rule that matches each name, or the one that was chosen for it.

    Where `unused_rules` is "ignore", a rule may be the first for no name.

    Raises
    ------
    ParameterError
        If a name has no rule, or a rule is the first for no name; the message lists all of both.
    """
    if isinstance(rules, Chosen):
        return tuple([rules[name] for name in names])
    found = firsts(names, rules)
    used = {id(rules[number]) for number in {*found} if number >= 0}
    unmatched = [name for name, number in zip(names, found, strict=True) if number < 0]
    unused = [rule for rule in rules if id(rule) not in used]
    said = []
    if unmatched:
        said.append(
            f"`rules` must match every parameter, got none for {len(unmatched)} of {len(names)}: "
            f"{listed(unmatched)}; try: {_hint_for_names(unmatched, unused)}"
        )
    if unused and unused_rules == "error":
        shown = [_why_unused(rule, names, rules, unmatched) for rule in unused[:SHOWN]]
        said.append(
            f"`rules` must all be used, got {len(unused)} of {len(rules)} that no parameter "
            f"needs: {', '.join(shown)}{_rest(unused)}"
        )
    if said:
        raise ParameterError("; and ".join(said))
    return tuple([rules[number] for number in found])


def listed(items: Sequence[str]) -> str:
    """The first of some names, and how many more there are."""
    return ", ".join(map(repr, items[:SHOWN])) + _rest(items)


def _rest(items: Sequence[object]) -> str:
    rest = len(items) - SHOWN
    return f" and {rest} more" if rest > 0 else ""


def _hint_for_names(unmatched: Sequence[str], unused: Sequence[Rule]) -> str:
    import difflib

    patterns = [rule.text for rule in unused]
    for name in unmatched[:SHOWN]:
        close = difflib.get_close_matches(name, patterns, n=1)
        if close:
            return f"the pattern {close[0]!r}, which matches nothing, is close to {name!r}"
    return "a last rule ('*', ...) for all the rest"


def _why_unused(
    rule: Rule, names: Sequence[str], rules: Sequence[Rule], unmatched: Sequence[str]
) -> str:
    import difflib

    own = next((name for name in names if rule.matches(name)), None)
    if own is not None:
        first = next(other for other in rules if other.matches(own))
        return f"{rule.text!r} (it comes after {first.text!r}, and the first match wins)"
    for candidates in (unmatched, names):
        close = difflib.get_close_matches(rule.text, candidates[:COMPARED], n=1)
        if close:
            return f"{rule.text!r} (it matches no name; the closest is {close[0]!r})"
    return f"{rule.text!r} (it matches no name)"
