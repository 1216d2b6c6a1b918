"""Rules for the parameters of a module: by name, by the type of their layer, or by a function."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from agnostic_init.arrays.errors import ParameterError, must, must_be_type, within
from agnostic_init.initializers.base import Initializer
from agnostic_init.initializers.lookup import found
from agnostic_init.models.assign import COMPARED, listed
from agnostic_init.models.rules import Rule
from agnostic_init.models.torch_names import Named

__all__ = ["by_rules"]

#: None where a rule is for other parameters; its text, and the initializer.
Ask = Callable[[Named], Initializer | None]


class _Asked(NamedTuple):
    text: str
    ask: Ask
    always: bool  # whether it may be for no parameter


def by_rules(parameters: Sequence[Named], rules: Any) -> dict[str, Initializer]:
    """What the first rule for each parameter says; those that none is for are not in it.

    Raises
    ------
    ParameterError
        If a rule is for no parameter; the message has the nearest names.
    """
    if rules is None:
        return {}
    asked = [_asked(rule) for rule in _pairs(rules)]
    found_for: dict[str, Initializer] = {}
    used: set[int] = set()
    for each in parameters:
        for number, rule in enumerate(asked):
            with within(f"parameter {each.name!r}, rule {rule.text!r}"):
                init = rule.ask(each)
            if init is not None:
                found_for[each.name] = init
                used.add(number)
                break
    unused = [rule.text for n, rule in enumerate(asked) if n not in used and not rule.always]
    if unused:
        names = [each.name for each in parameters]
        near = difflib.get_close_matches(unused[0], names[:COMPARED], n=1, cutoff=0.5)
        hint = f"; the name closest to {unused[0]!r} is {near[0]!r}" if near else ""
        message = (
            f"`rules` must all be used, got {len(unused)} of {len(asked)} that no parameter needs: "
            f"{listed(unused)}{hint}"
        )
        raise ParameterError(message)
    return found_for


def _pairs(rules: Any) -> list[Any]:
    if isinstance(rules, Mapping):
        return list(rules.items())
    if isinstance(rules, Rule) or (callable(rules) and not isinstance(rules, type)):
        return [rules]
    if isinstance(rules, str | type) or not isinstance(rules, Iterable):
        rule = (
            "must be a mapping of patterns or types of layers to initializers, a sequence of such "
            "pairs, or a function of (name, shape, module)"
        )
        hint = "{'*.bias': 'zeros', torch.nn.Linear: {'weight': ai.normal(std=0.02)}}"
        raise must_be_type("rules", rule, rules, hint)
    return list(rules)


def _asked(rule: Any) -> _Asked:
    if isinstance(rule, tuple | list) and len(rule) == 2:
        if isinstance(rule[0], type):
            return _Asked(rule[0].__name__, _by_type(*rule), False)
        rule = Rule(*rule)
    if isinstance(rule, Rule):
        if rule.dtype is not None:
            with within(f"rule {rule.text!r}"):
                raise must("dtype", "must be left to the module, whose it is", rule.dtype)
        return _Asked(rule.text, _by_name(rule), False)
    if callable(rule):
        return _Asked(getattr(rule, "__name__", repr(rule)), _by_function(rule), True)
    raise must_be_type("rules", "must have pairs, Rule values or functions", rule)


def _by_name(rule: Rule) -> Ask:
    return lambda each: rule.initializer if rule.matches(each.name) else None


def _by_type(kind: type, given: Any) -> Ask:
    """For all parameters of such layers, or for those that a mapping has by their own names."""
    if isinstance(given, Mapping) and "name" not in given:
        by_attribute = {
            name: found(init, f"{kind.__name__}[{name!r}]") for name, init in given.items()
        }
        return lambda each: (
            by_attribute.get(each.attribute) if isinstance(each.module, kind) else None
        )
    init = found(given, kind.__name__)
    return lambda each: init if isinstance(each.module, kind) else None


def _by_function(function: Callable[..., Any]) -> Ask:
    def ask(each: Named) -> Initializer | None:
        given = function(each.name, tuple(each.tensor.shape), each.module)
        return None if given is None else found(given, "rules")

    return ask
