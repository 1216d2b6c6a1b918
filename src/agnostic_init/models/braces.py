"""Names with ranges in braces: many names in one line of a file."""

from __future__ import annotations

import itertools
import math
import re

from agnostic_init.arrays.errors import must

__all__ = ["MOST", "expanded"]

GROUP = re.compile(r"\{([^{}]*)\}")
RANGE = re.compile(r"([0-9]{1,20})\.\.([0-9]{1,20})")
MOST = 1_000_000  # names
LONGEST = 1 << 28  # characters of them together


def expanded(name: str) -> list[str]:
    """Every name that a name with braces stands for, the first brace varying slowest.

    ``{0..11}`` is every number from 0 to 11, ``{00..11}`` the same in two digits, and ``{q,k,v}``
    each of these texts.

    Examples
    --------
    >>> expanded("h.{0..1}.{q,k}.weight")
    ['h.0.q.weight', 'h.0.k.weight', 'h.1.q.weight', 'h.1.k.weight']
    """
    parts = GROUP.split(name)
    if any("{" in text or "}" in text for text in parts[::2]):
        raise must("name", "must have braces in pairs, and none inside another", name)
    choices = [_choices(text, name) if number % 2 else [text] for number, text in enumerate(parts)]
    count = math.prod(map(len, choices))
    if count > MOST:
        raise must("name", f"must stand for at most {MOST:,} names", name, "fewer braces in it")
    if count > 1 and count * len(name) > LONGEST:
        rule = f"must stand for names of at most {LONGEST:,} characters together"
        raise must("name", rule, name, "a shorter one")
    return ["".join(chosen) for chosen in itertools.product(*choices)]


def _choices(text: str, name: str) -> list[str]:
    if found := RANGE.fullmatch(text):
        first, last = found.groups()
        if int(first) > int(last):
            raise must("name", "must have ranges that go up", name, f"{{{last}..{first}}}")
        if int(last) - int(first) >= MOST:
            raise must("name", f"must have ranges of at most {MOST:,} numbers", name)
        width = len(first) if first.startswith("0") else 0
        return [str(number).zfill(width) for number in range(int(first), int(last) + 1)]
    choices = text.split(",")
    if len(choices) < 2 or not all(choices) or ".." in text:
        raise must("name", "must have a range {0..11} or a list {q,k,v} in its braces", name)
    return choices
