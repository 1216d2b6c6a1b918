"""Rules for the tensors of modules: by name, by the type of the module, or by a function."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from agnostic_init.arrays.errors import ParameterError, must, must_be_type, within
from agnostic_init.initializers.base import Initializer
from agnostic_init.initializers.lookup import found
from agnostic_init.models.rules import Rule
from agnostic_init.torch.record import Item

__all__ = ["Choice", "chosen"]

SHOWN = 8
COMPARED = 1000  # names


class Choice(NamedTuple):
    """What a rule says of one tensor."""

    text: str
    initializer: Initializer
    dtype: str | None = None


Chooser = Callable[[Item], Choice | None]


def chosen(items: Sequence[Item], rules: Any) -> dict[str, Choice]:
    """What the first rule for each parameter says; parameters without one are not in it.

    Raises
    ------
    ParameterError
        If a rule is for no parameter; the message has the nearest names.
    """
    if rules is None:
        return {}
    from agnostic_init.torch.gated import check_gates

    parameters = [item for item in items if item.kind == "parameter"]
    choosers = [(text, chooser) for rule in _pairs(rules) for text, chooser in [_chooser(rule)]]
    for rule in _pairs(rules):
        _check_attributes(rule, parameters)
    choices: dict[str, Choice] = {}
    used: set[int] = set()
    for item in parameters:
        for number, (text, chooser) in enumerate(choosers):
            with within(f"parameter {item.name!r}, rule {text!r}"):
                choice = chooser(item)
                if choice is not None:
                    check_gates(item.module, item.attribute, choice.initializer)
            if choice is not None:
                choices[item.name] = choice
                used.add(number)
                break
    # A function may well have nothing to say of this model.
    unused = [
        text for n, (text, chooser) in enumerate(choosers) if n not in used and text != CALLABLE
    ]
    if unused:
        names = [item.name for item in parameters]
        shown = ", ".join(_with_nearest(text, names) for text in unused[:SHOWN])
        more = f" and {len(unused) - SHOWN} more" if len(unused) > SHOWN else ""
        counts = f"{len(unused)} of {len(choosers)}"
        text = f"`rules` must all be used, got {counts} that no parameter needs: {shown}{more}"
        raise ParameterError(text)
    return choices


CALLABLE = "a function"


def _pairs(rules: Any) -> list[Any]:
    if isinstance(rules, Mapping):
        return list(rules.items())
    if isinstance(rules, Rule) or (callable(rules) and not isinstance(rules, type)):
        return [rules]
    if isinstance(rules, str) or not isinstance(rules, Iterable):
        raise must_be_type(
            "rules",
            "must be a mapping of patterns or module types to initializers, a sequence of such "
            "pairs, or a function of (name, shape, module)",
            rules,
            "{'*.bias': 'zeros', torch.nn.Linear: ai.normal(std=0.02)}",
        )
    return list(rules)


def _chooser(rule: Any) -> tuple[str, Chooser]:
    if isinstance(rule, Rule):
        return rule.text, _by_name(rule)
    if isinstance(rule, tuple | list) and len(rule) in (2, 3):
        if isinstance(rule[0], type):
            return rule[0].__name__, _by_type(*rule)
        return _chooser(Rule(*rule))
    if callable(rule):
        return CALLABLE, _by_function(rule)
    raise must_be_type(
        "rules", "must have pairs (pattern or type, initializer), or functions", rule
    )


def _by_name(rule: Rule) -> Chooser:
    def choose(item: Item) -> Choice | None:
        if not rule.matches(item.name):
            return None
        init = rule.of(item.name, tuple(item.tensor.shape)).initializer
        return Choice(rule.text, init, rule.dtype)

    return choose


def _by_type(kind: type, given: Any, dtype: Any = None) -> Chooser:
    """For all parameters of modules of a type itself, or for those that a mapping names."""
    own = isinstance(given, Mapping) and "name" not in given
    known = {n: found(each, n) for n, each in given.items()} if own else None
    whole = None if known is not None else found(given, "initializer")
    name = None if dtype is None else Rule("*", "zeros", dtype).dtype

    def choose(item: Item) -> Choice | None:
        if not isinstance(item.module, kind):
            return None
        init = whole if known is None else known.get(item.attribute)
        return None if init is None else Choice(kind.__name__, init, name)

    return choose


def _check_attributes(rule: Any, items: Sequence[Item]) -> None:
    """Raise if a rule for a type names parameters that no module of it has, be they None."""
    if not isinstance(rule, tuple | list) or not isinstance(rule[0], type):
        return
    kind, given = rule[0], rule[1]
    modules: list[Any] = [item.module for item in items if isinstance(item.module, kind)]
    if not isinstance(given, Mapping) or "name" in given or not modules:
        return
    known = dict.fromkeys(name for module in modules for name in module._parameters)
    for name in given:
        if name not in known:
            close = difflib.get_close_matches(str(name), list(known), n=1, cutoff=0.5)
            text = f"must name parameters of {kind.__name__}, {', '.join(known)}"
            raise must("rules", text, name, repr(close[0]) if close else "")


def _by_function(function: Callable[..., Any]) -> Chooser:
    def choose(item: Item) -> Choice | None:
        given = function(item.name, tuple(item.tensor.shape), item.module)
        return None if given is None else Choice(CALLABLE, found(given, "initializer"))

    return choose


def _with_nearest(text: str, names: Sequence[str]) -> str:
    matching = [name for name in names if Rule(text, "zeros").matches(name)] if text else []
    if matching:
        return f"{text!r} (an earlier rule is for {matching[0]!r})"
    close = difflib.get_close_matches(text, names[:COMPARED], n=1, cutoff=0.5)
    return f"{text!r} (the nearest name is {close[0]!r})" if close else f"{text!r}"
