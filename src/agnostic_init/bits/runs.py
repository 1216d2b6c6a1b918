"""Which blocks of a global array lie one after the other in a part of it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from agnostic_init.arrays.errors import must, must_be_type
from agnostic_init.arrays.numbers import as_integer
from agnostic_init.bits.block import block

__all__ = ["Place", "blocks_of", "flat_blocks"]


class Place(NamedTuple):
    """Where a block lies in the part, and where in the global array."""

    here: tuple[slice, ...]
    there: tuple[Any, ...]


def blocks_of(
    shape: tuple[int, ...], index: Any
) -> tuple[tuple[Any, ...], tuple[int, ...], tuple[Place, ...]]:
    """The blocks of an index in which lists of slices stand for their runs, put one after the other.

    Parameters
    ----------
    shape
        Of the global array.
    index
        A basic index, in which lists may be.

    Returns
    -------
    tuple
        The index with bounds, the shape of the part, and its blocks; none of an empty one.
    """
    index = index if isinstance(index, tuple) else (Ellipsis if index is None else index,)
    # Where lists are, all of the axis stands for them until the axes are known.
    stand_ins = tuple(slice(None) if isinstance(item, list) else item for item in index)
    whole = block(shape, stand_ins)
    items: list[Any] = list(whole.as_index)
    lengths = []
    at = next((n for n, item in enumerate(index) if item is Ellipsis), len(index))
    missing = len(shape) - len(index) + (at < len(index))
    for n, item in enumerate(index):
        if isinstance(item, list):
            axis = n if n < at else n + missing - 1
            items[axis] = _checked_runs(item, axis, shape[axis])
    choices = []
    for item, count in zip(items, whole.counts, strict=True):
        if not isinstance(item, tuple):
            lengths.append(count)
            choices.append([(slice(0, count), item)])
            continue
        ends = list(itertools.accumulate((run.stop - run.start for run in item), initial=0))
        lengths.append(ends[-1])
        runs = zip(itertools.starmap(slice, itertools.pairwise(ends)), item, strict=True)
        choices.append([(local, run) for local, run in runs if run.stop > run.start])
    kept = [not drop for drop in whole.dropped]
    part = tuple(itertools.compress(lengths, kept))
    if 0 in part:
        return tuple(items), part, ()
    found = []
    for chosen in itertools.product(*choices):
        local = tuple(itertools.compress((where for where, _ in chosen), kept))
        found.append(Place(local, tuple(item for _, item in chosen)))
    return tuple(items), part, tuple(found)


def flat_blocks(shape: tuple[int, ...], flat: Any) -> tuple[slice, tuple[Place, ...]]:
    """The blocks of a run of a global array read row by row: at most two an axis.

    Examples
    --------
    >>> run, found = flat_blocks((3, 4), slice(2, 9))
    >>> [place.there for place in found]
    [(0, slice(2, 4, None)), (slice(1, 2, None),), (2, slice(0, 1, None))]
    """
    size = math.prod(shape)
    if isinstance(flat, tuple) and len(flat) == 2:
        flat = slice(*flat)
    if not isinstance(flat, slice):
        raise must_be_type("flat", "must be a slice of the whole read row by row", flat)
    step = 1 if flat.step is None else as_integer(flat.step)
    start = 0 if flat.start is None else as_integer(flat.start)
    stop = size if flat.stop is None else as_integer(flat.stop)
    if step != 1 or start is None or stop is None or not 0 <= start <= stop <= size:
        rule = f"must be a slice of step 1 within the {size} elements of {shape}"
        raise must("flat", rule, flat, "only what is no padding")
    found, at = [], 0
    for index in _rows(shape, start, stop):
        length = block(shape, index).size
        found.append(Place((slice(at, at + length),), index))
        at += length
    return slice(start, stop), tuple(found)


def _rows(shape: tuple[int, ...], start: int, stop: int) -> Iterator[tuple[Any, ...]]:
    if start == stop:
        return
    if not shape:
        yield ()
        return
    inner = math.prod(shape[1:])
    first, last = -(-start // inner), stop // inner  # the whole rows
    if first > last:  # within one row
        row = last
        for rest in _rows(shape[1:], start - row * inner, stop - row * inner):
            yield (row, *rest)
        return
    if start < first * inner:
        for rest in _rows(shape[1:], start - (first - 1) * inner, inner):
            yield (first - 1, *rest)
    if first < last:
        yield (slice(first, last),)
    if last * inner < stop:
        for rest in _rows(shape[1:], 0, stop - last * inner):
            yield (last, *rest)


def _checked_runs(runs: list[Any], axis: int, length: int) -> tuple[slice, ...]:
    if not runs:
        raise must("index", "must have no empty list", runs, "slice(0, 0) for nothing")
    checked = []
    for run in runs:
        if not isinstance(run, slice):
            raise must_be_type("index", "must have slices alone in a list", run)
        found = block((length,), run)
        if found.steps != (1,):
            raise must("index", "must have slices of step 1 in a list", run)
        checked.append(slice(found.starts[0], found.starts[0] + found.counts[0]))
    ordered = sorted((run for run in checked if run.stop > run.start), key=lambda run: run.start)
    for one, other in itertools.pairwise(ordered):
        if other.start < one.stop:
            rule = f"must have runs that do not overlap along axis {axis}"
            raise must("index", rule, [(run.start, run.stop) for run in (one, other)])
    return tuple(checked)
