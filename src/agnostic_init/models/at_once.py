"""Filling a model in one call of the compiled library, where nothing about it is unusual.

That is: arrays of one library, each a run of the host's memory that nothing else decides about, and
initializers of which every element is a draw, or one number. Then all arrays are asked at once,
and what rule, shape and dtype decide is found out once for each of these. Whatever is otherwise,
and whatever is wrong, is left to `filling`, which has the words for it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from agnostic_init.arrays.errors import ParameterError, ParameterTypeError
from agnostic_init.arrays.library import Library
from agnostic_init.arrays.target import library_of
from agnostic_init.bits.key import Key
from agnostic_init.draws.engines import native
from agnostic_init.draws.record import draw_of
from agnostic_init.models.rules import Rule, firsts, rules_of
from agnostic_init.native.library import look

__all__ = ["fill_at_once"]


def fill_at_once(names: Sequence[Any], outs: Sequence[Any], rules: Any, key: Key) -> bool:
    """Fill all of the arrays, or none of them; True if they are filled."""
    # Rules that are read once, as of a generator, are left to be read.
    if type(rules) not in (list, tuple, dict) or not key.known or look().library is None:
        return False
    library = _library_of(outs)
    if library is None or not _are_names(names) or (plain := library.all_plain(outs)) is None:
        return False
    addresses, shapes, dtypes = plain
    try:
        given = rules_of(rules)
        chosen = firsts(names, given)
        if {*chosen} != {*range(len(given))}:  # a name without a rule, or a rule without a name
            return False
        kinds = _Kinds(given, library)
        which = list(map(kinds.number, chosen, shapes, dtypes))
    except (ParameterError, ParameterTypeError):
        return False
    if None in kinds.known.values():
        return False
    starts, numbers = np.array(addresses, np.uint64), np.array(which)
    if not _apart(starts, np.array(kinds.bytes, np.uint64)[numbers]):
        return False
    native.fill_named(kinds.records, kinds.sizes, numbers, starts, names, key)
    library.all_written(outs)
    return True


def _library_of(arrays: Sequence[Any]) -> Library | None:
    """The library that all of them are of."""
    found = None
    for each in {type(array): array for array in arrays}.values():
        try:
            own = library_of(each)
        except TypeError:
            return None
        if found is not None and own is not found:
            return None
        found = own
    return found


def _are_names(names: Sequence[Any]) -> bool:
    """Whether all can name a parameter."""
    if {*map(type, names)} != {str} or not all(names):
        return False
    try:
        "".join(names).encode()
    except UnicodeEncodeError:
        return False
    return True


def _apart(starts: Any, bytes_: Any) -> bool:
    """Whether no two of the arrays have memory in common."""
    order = np.argsort(starts)
    return bool(((starts + bytes_)[order[:-1]] <= starts[order[1:]]).all())


class _Kinds:
    """The kinds of parameters there are, each of one rule, shape and dtype, by numbers.

    Attributes
    ----------
    records, sizes, bytes
        Of each kind: what the compiled library makes, how many elements, and their memory.
    known
        Their numbers; None of what the compiled library does not make.
    """

    def __init__(self, rules: Sequence[Rule], library: Library) -> None:
        self.rules, self.library = rules, library
        self.records: list[bytes] = []
        self.sizes: list[int] = []
        self.bytes: list[int] = []
        self.known: dict[Any, int | None] = {}

    def number(self, rule: int, shape: Any, dtype: Any) -> int | None:
        """The number of a kind."""
        what = rule, shape, dtype
        if what not in self.known:
            name = self.library.dtype_name(dtype)
            self.known[what] = self._new(self.rules[rule], tuple(shape), name)
        return self.known[what]

    def _new(self, rule: Rule, shape: tuple[int, ...], dtype: str) -> int | None:
        init = rule.initializer
        init.check(shape, dtype)
        record: tuple[bytes, int] | None = None
        if (draw := draw_of(init, shape, dtype)) is not None:
            record = native.packed(draw)
        elif (number := init.number(dtype)) is not None:
            record = native.packed_constant(number, dtype)
        if record is None or rule.dtype not in (None, dtype):
            return None
        packed, itemsize = record
        self.records.append(packed)
        self.sizes.append(math.prod(shape))
        self.bytes.append(itemsize * self.sizes[-1])
        return len(self.records) - 1
