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
from agnostic_init.initializers.base import Initializer
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
        each = list(zip(chosen, shapes, dtypes, strict=True))
        kinds = dict.fromkeys(each)
        made = [_made(given[rule], tuple(s), library.dtype_name(d)) for rule, s, d in kinds]
    except (ParameterError, ParameterTypeError):
        return False
    numbers = {kind: number for number, kind in enumerate(kinds)}
    which = np.array(list(map(numbers.__getitem__, each)))
    starts = np.array(addresses, np.uint64)
    records, sizes, itemsizes = zip(*made, strict=True) if None not in made else ((), (), ())
    if not records or not _apart(starts, np.multiply(sizes, itemsizes)[which]):
        return False
    native.fill_named(records, sizes, which, starts, names, key)
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


def _apart(starts: Any, lengths: Any) -> bool:
    """Whether no two of the arrays have memory in common; `lengths` in bytes."""
    order = np.argsort(starts)
    ends = starts + lengths.astype(np.uint64)
    return bool((ends[order[:-1]] <= starts[order[1:]]).all())


def _made(rule: Rule, shape: tuple[int, ...], dtype: str) -> tuple[bytes, int, int] | None:
    """What the compiled library makes of such arrays, their elements, and the bytes of one."""
    init: Any = rule.initializer
    if not isinstance(init, Initializer):  # a function, which asks for the name
        return None
    init.check(shape, dtype)
    record: tuple[bytes, int] | None = None
    if (draw := draw_of(init, shape, dtype)) is not None:
        record = native.packed(draw)
    elif (number := init.number(dtype)) is not None:
        record = native.packed_constant(number, dtype)
    if record is None or rule.dtype not in (None, dtype):
        return None
    packed, itemsize = record
    return packed, math.prod(shape), itemsize
