"""Rules: which initializer a parameter gets, by its name."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agnostic_init.arrays.dtype_names import name_of
from agnostic_init.arrays.errors import must, must_be_type, within
from agnostic_init.initializers.base import Initializer
from agnostic_init.initializers.lookup import found

__all__ = ["Rule", "rules_of"]

REGEX = "re:"


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern of names, and the initializer of the parameters whose names match it.

    Parameters
    ----------
    pattern
        A glob, in which ``*`` stands for any characters, dots among them, ``?`` for one, and
        ``[ab]`` for one of those; upper and lower case differ. Or a regular expression that must
        match the whole name: ``"re:..."`` or a compiled one. A string that is equal to a name
        matches it, whatever characters it is made of.
    initializer
        An initializer, or what `agnostic_init.get` makes one of: a name, or a dictionary.
    dtype
        Of the parameters that match and do not say theirs: a dtype of any library, or its name;
        None to leave it to the call.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> rule = ai.Rule("h.*.bias", "zeros")
    >>> rule.matches("h.0.attn.bias"), rule.matches("wte.weight")
    (True, False)
    """

    pattern: str | re.Pattern[str]
    initializer: Initializer
    dtype: str | None = None
    _expression: re.Pattern[str] = field(init=False, repr=False, compare=False)

    if TYPE_CHECKING:  # what may be given; the fields are what it is kept as

        def __init__(
            self,
            pattern: str | re.Pattern[str],
            initializer: Initializer | str | Mapping[str, Any],
            dtype: Any = None,
        ) -> None: ...

    def __post_init__(self) -> None:
        given: Any = self.pattern
        text = given.pattern if isinstance(given, re.Pattern) else given
        if not isinstance(text, str):
            rule = "must be a string or a compiled regular expression of strings"
            raise must_be_type("pattern", rule, given)
        if not self.text:
            raise must("pattern", "must not be empty", self.pattern, "'*' for every name")
        object.__setattr__(self, "_expression", _compiled(given))
        with within(f"rule {self.text!r}"):
            object.__setattr__(self, "initializer", found(self.initializer, "initializer"))
            if self.dtype is not None:
                object.__setattr__(self, "dtype", name_of(self.dtype))

    @property
    def text(self) -> str:
        """The pattern as it would be written in a file."""
        if isinstance(self.pattern, str):
            return self.pattern
        return REGEX + self.pattern.pattern

    def matches(self, name: str) -> bool:
        """Whether the rule is for a parameter of this name."""
        return name == self.pattern or self._expression.fullmatch(name) is not None


def rules_of(rules: Any) -> tuple[Rule, ...]:
    """Rules from a mapping, or from pairs and `Rule` values, in their order."""
    if isinstance(rules, Mapping):
        rules = rules.items()
    elif isinstance(rules, Rule):
        rules = (rules,)
    elif isinstance(rules, str) or not isinstance(rules, Iterable):
        raise must_be_type(
            "rules",
            "must be a mapping of patterns to initializers, or a sequence of such pairs",
            rules,
            "[('*.bias', ai.zeros()), ('*', ai.normal(std=0.02))]",
        )
    made = tuple(_rule(number, rule) for number, rule in enumerate(rules))
    if not made:
        raise must("rules", "must not be empty", [], "[('*', ai.zeros())]")
    return made


def _rule(number: int, rule: Any) -> Rule:
    if isinstance(rule, Rule):
        return rule
    if not isinstance(rule, tuple | list) or len(rule) not in (2, 3):
        place = f"rules[{number}]"
        raise must_be_type(place, "must be a pair (pattern, initializer) or a Rule", rule)
    with within(f"rules[{number}]"):
        return Rule(*rule)


def _compiled(pattern: str | re.Pattern[str]) -> re.Pattern[str]:
    if isinstance(pattern, re.Pattern):
        return pattern
    if not pattern.startswith(REGEX):
        return re.compile(fnmatch.translate(pattern))
    try:
        return re.compile(pattern.removeprefix(REGEX))
    except (re.error, OverflowError, RecursionError) as error:
        raise must("pattern", f"must be a valid regular expression ({error})", pattern) from None
