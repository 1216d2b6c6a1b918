"""The fields of known answers, each read from what JSON has of it, or an error in words."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from agnostic_init.arrays.errors import Wording, must
from agnostic_init.bits.key import Key

__all__ = [
    "Read",
    "hexadecimal",
    "key",
    "length",
    "listed",
    "long",
    "number",
    "one_of",
    "run",
    "text",
    "tolerance",
    "within_stream",
    "word",
]

PLACES = 1 << 64  # of a stream
MOST_TOLERATED = 2.0**-20
Read = Callable[[Any], Any]


def hexadecimal(digits: int) -> Read:
    """What reads an unsigned integer of so many digits."""

    def read(value: Any) -> int:
        try:
            if isinstance(value, str) and len(value) == digits and value.isalnum():
                return int.from_bytes(bytes.fromhex(value))
        except ValueError:
            pass
        raise must("the number", f"must be text of {digits} hexadecimal digits", value)

    return read


word, long = hexadecimal(8), hexadecimal(16)


def listed(read: Read, count: int | None = None) -> Read:
    """What reads a list, item by item."""

    def read_all(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or count not in (None, len(value)):
            raise must("the list", f"must have {count or 'any number of'} items", value)
        return tuple(read(each) for each in value)

    return read_all


def text(value: Any) -> str:
    """Any text."""
    if not isinstance(value, str):
        raise must("the text", "must be text", value)
    return value


def one_of(*choices: str) -> Read:
    """What reads a word."""

    def read(value: Any) -> str:
        if value not in choices:
            raise must("the word", f"must be one of {', '.join(choices)}", value)
        return str(value)

    return read


def number(value: Any) -> float:
    """A number that is not NaN, infinities as text."""
    if isinstance(value, str) and value in ("inf", "-inf"):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not _finite(value):
        raise must("the number", 'must be finite, or the text "inf" or "-inf"', value)
    return value


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # of an integer that no float is near to
        return False


def length(value: Any) -> int:
    """An integer that is not negative."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 1 << 62:
        raise must("the number", "must be an integer that is not negative", value)
    return value


def key(value: Any) -> Key:
    """A key, of its two integers."""
    return Key(*listed(long, 2)(value))


def run(value: Any) -> tuple[int, int]:
    """Places of a stream: the first, and how many."""
    first, count = listed(lambda each: each, 2)(value)
    return within_stream(long(first), length(count))


def within_stream(first: int, count: int) -> tuple[int, int]:
    """A run of places, after an error if it has none or goes beyond the last of a stream."""
    if not 0 < count <= PLACES - first:
        rule = f"must have places, none beyond {PLACES - 1:016x}"
        raise must("the run", rule, Wording(f"{count} from {first:016x} on"))
    return first, count


def tolerance(value: Any) -> float:
    """How far a number may be from the known one."""
    read = number(value)
    if not 0 <= read <= MOST_TOLERATED:
        rule = f"must be from 0 to {MOST_TOLERATED:.3g}, as rounding is all that it is for"
        raise must("the tolerance", rule, value)
    return read
