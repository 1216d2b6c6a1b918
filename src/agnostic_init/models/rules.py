"""Rules: which initializer a parameter gets, by its name."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agnostic_init.arrays.errors import (
    ParameterError,
    ParameterTypeError,
    inside,
    must,
    must_be_type,
    within,
)
from agnostic_init.arrays.values import Value
from agnostic_init.initializers.base import Initializer

__all__ = ["Rule", "firsts", "rules_of"]

REGEX = "re:"


class Rule(Value):
    """A pattern of names, and the initializer of the parameters whose names match it.

    Parameters
    ----------
    pattern
        A glob, in which ``*`` stands for any characters, dots among them, ``?`` for one, and
        ``[ab]`` for one of those; upper and lower case differ. Or a regular expression that must
        match the whole name: ``"re:..."`` or a compiled one. A string that is equal to a name
        matches it, whatever characters it is made of.
    initializer
        An initializer, or what `agnostic_init.get` makes one of: a name, or a dictionary. Or a
        function of the name and the shape of a parameter that returns one of these.
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

    if TYPE_CHECKING:  # what may be given; the fields are what it is kept as

        def __init__(
            self,
            pattern: str | re.Pattern[str],
            initializer: Initializer | str | Mapping[str, Any] | Callable[[str, Any], Any],
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
        _matcher(given)
        maker: Any = self.initializer
        if isinstance(maker, Initializer) and self.dtype is None:
            return
        from agnostic_init.arrays.dtype_names import name_of
        from agnostic_init.initializers.lookup import found, is_function

        with within(f"rule {self.text!r}"):
            if not is_function(maker):
                object.__setattr__(self, "initializer", found(maker, "initializer"))
            if self.dtype is not None:
                object.__setattr__(self, "dtype", name_of(self.dtype))

    @property
    def text(self) -> str:
        """The pattern as it would be written in a file."""
        if isinstance(self.pattern, str):
            return self.pattern
        return REGEX + self.pattern.pattern

    def of(self, name: str, shape: tuple[int, ...]) -> Rule:
        """The rule for one parameter: itself, or that of what its function returns."""
        function: Any = self.initializer
        if isinstance(function, Initializer):
            return self
        from agnostic_init.initializers.lookup import found

        with within(f"parameter {name!r}, rule {self.text!r}"):
            made = found(function(name, shape), "initializer")
        return Rule(REGEX + re.escape(name), made, self.dtype)

    def matches(self, name: str) -> bool:
        """Whether the rule is for a parameter of this name."""
        return name == self.pattern or bool(_matcher(self.pattern)(name))


def firsts(names: Sequence[str], rules: Sequence[Rule]) -> list[int]:
    """The number of the first rule that matches each name; -1 where none does."""
    found = [-1] * len(names)
    left: Sequence[int] = range(len(names))
    for number, rule in enumerate(rules):
        if rule.pattern == "*":
            for n in left:
                found[n] = number
            break
        pattern, matches, still = rule.pattern, _matcher(rule.pattern), []
        for n in left:
            name = names[n]
            if name == pattern or matches(name):
                found[n] = number
            else:
                still.append(n)
        left = still
    return found


def rules_of(rules: Any) -> tuple[Rule, ...]:
    """Rules from a mapping, or from pairs and `Rule` values, in their order."""
    if type(rules) in (list, tuple):  # which it takes long to find out not to be mappings
        pass
    elif isinstance(rules, Mapping):
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
    try:
        return Rule(*rule)
    except (ParameterError, ParameterTypeError) as error:
        raise inside(error, f"rules[{number}]") from None


@functools.lru_cache(maxsize=1024)
def _matcher(pattern: str | re.Pattern[str]) -> Callable[[str], object]:
    """What is true of the names that match."""
    if isinstance(pattern, re.Pattern):
        return pattern.fullmatch
    if pattern.startswith(REGEX):
        try:
            return re.compile(pattern.removeprefix(REGEX)).fullmatch
        except (re.error, OverflowError, RecursionError) as error:
            rule = f"must be a valid regular expression ({error})"
            raise must("pattern", rule, pattern) from None
    if "?" in pattern or "[" in pattern:
        import fnmatch

        return re.compile(fnmatch.translate(pattern)).fullmatch
    return functools.partial(_has_parts, pattern.split("*"))


def _has_parts(parts: Sequence[str], name: str) -> bool:
    """Whether a name is these parts in their order, with any characters between them.

    In a millionth of a second; an expression takes a hundred to compile.
    """
    first, last = parts[0], parts[-1]
    if len(parts) == 1:
        return name == first
    at, end = len(first), len(name) - len(last)
    if at > end or not name.startswith(first) or not name.endswith(last):
        return False
    for part in parts[1:-1]:
        found = name.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True
