"""Filling a model in one call of the compiled library, or few launches, where nothing about it is unusual.

That is: arrays of one library, each a run of memory that nothing else decides about, all of the
host's or all of one GPU's, and initializers of which every element is a draw, or one number. Then all arrays are asked at once,
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
from agnostic_init.arrays.values import Record, collecting_later
from agnostic_init.bits.key import Key
from agnostic_init.draws.engines import native
from agnostic_init.draws.record import Draw, draw_of
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
    if library is None or not _are_names(names):
        return False
    with collecting_later():
        found = _found(names, outs, rules, library)
    if found is None:
        return False
    kinds, which, starts, on_gpu = found
    if on_gpu:
        if not _fill_on_gpu(kinds, which, starts, names, outs, key, library):
            return False
    else:
        records, sizes = [kind.record for kind in kinds], [kind.size for kind in kinds]
        native.fill_named(records, sizes, which, starts, names, key)
    library.all_written(outs)
    return True


def _found(
    names: Sequence[str], outs: Sequence[Any], rules: Any, library: Library
) -> tuple[list[_Kind], Any, Any, bool] | None:
    """The kinds of arrays, the number of each one's, where it is, and whether that is on a GPU."""
    plain = library.all_plain(outs)
    on_gpu = plain is None
    if plain is None and (plain := library.all_on_gpu(outs)) is None:
        return None
    addresses, shapes, dtypes = plain
    try:
        given = rules_of(rules)
        chosen = firsts(names, given)
        if {*chosen} != {*range(len(given))}:  # a name without a rule, or a rule without a name
            return None
        numbers: dict[Any, int] = {}
        number_of = numbers.setdefault
        which = np.array(
            [number_of(kind, len(numbers)) for kind in zip(chosen, shapes, dtypes, strict=True)]
        )
        made = [_made(given[rule], tuple(s), library.dtype_name(d)) for rule, s, d in numbers]
    except (ParameterError, ParameterTypeError):
        return None
    kinds = [kind for kind in made if kind is not None]
    if len(kinds) < len(made):
        return None
    starts = np.array(addresses, np.uint64)
    lengths = np.array([kind.size * kind.itemsize for kind in kinds], np.uint64)
    return (kinds, which, starts, on_gpu) if _apart(starts, lengths[which]) else None


class _Kind(Record):
    """What arrays of a rule, a shape and a dtype are filled with.

    Attributes
    ----------
    draw, number
        One of them.
    record
        What the compiled library makes of it.
    size, itemsize
        Elements of such an array, and the bytes of one.
    """

    draw: Draw | None
    number: float | None
    record: bytes
    size: int
    itemsize: int


def _fill_on_gpu(
    kinds: Sequence[_Kind],
    which: Any,
    starts: Any,
    names: Sequence[str],
    outs: Sequence[Any],
    key: Key,
    library: Library,
) -> bool:
    """The same on a GPU; False if nothing has been written."""
    # Imported where it is needed: the first fill of a process is over sooner.
    from agnostic_init.draws.make import fill_runs

    drawn = [n for n, kind in enumerate(kinds) if kind.draw is not None]
    own = np.flatnonzero(np.isin(which, drawn))
    if len(own):
        draws = [kind.draw for kind in kinds if kind.draw is not None]
        sizes = [kinds[n].size for n in drawn]
        keys = native.keys_of([names[n] for n in own.tolist()], key)
        of_draws = np.searchsorted(drawn, which[own])
        device = library.device_of(outs[0])
        if not fill_runs(library, device, draws, sizes, of_draws, starts[own], keys):
            return False
    for n, kind in enumerate(kinds):
        if kind.number is not None:
            library.write_scalars(
                [outs[i] for i in np.flatnonzero(which == n).tolist()], kind.number
            )
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


def _made(rule: Rule, shape: tuple[int, ...], dtype: str) -> _Kind | None:
    """What such arrays are filled with; None where that is neither a draw nor a number."""
    init: Any = rule.initializer
    if not isinstance(init, Initializer):  # a function, which asks for the name
        return None
    init.check(shape, dtype)
    record: tuple[bytes, int] | None = None
    number = None
    if (draw := draw_of(init, shape, dtype)) is not None:
        record = native.packed(draw)
    elif (number := init.number(dtype)) is not None:
        record = native.packed_constant(number, dtype)
    if record is None or rule.dtype not in (None, dtype):
        return None
    return _Kind(draw, number, record[0], math.prod(shape), record[1])
