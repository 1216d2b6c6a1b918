"""Which positions of the stream a block of a global array holds."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from agnostic_init.arrays.errors import must, must_be_type
from agnostic_init.arrays.numbers import as_integer
from agnostic_init.arrays.values import Record

__all__ = ["NO_SEQUENCES", "Block", "Positions", "block", "checked_shape", "pieces"]

LIMIT = 1 << 64
MOST_AXES = 64
INTEGERS = frozenset((int,))
NO_SEQUENCES = (str, bytes, bytearray, memoryview, AbstractSet, Mapping)


class Positions(Record):
    """Row-major positions ``base + sum(j[d] * strides[d])`` for ``0 <= j[d] < counts[d]``."""

    base: int
    counts: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def size(self) -> int:
        """How many positions there are."""
        return math.prod(self.counts)

    @property
    def run(self) -> int:
        """Length of the runs of consecutive positions."""
        return self.counts[-1] if self.strides[-1] == 1 else 1

    def simplified(self) -> Positions:
        """The same in as few axes as can be, but at least one; a contiguous range is one of stride 1."""
        if 0 in self.counts:
            return Positions(0, (0,), (1,))
        axes: list[tuple[int, int]] = []
        for count, stride in zip(reversed(self.counts), reversed(self.strides), strict=True):
            if count == 1:
                continue
            if axes and axes[-1][0] * axes[-1][1] == stride:
                axes[-1] = (axes[-1][0] * count, axes[-1][1])
            else:
                axes.append((count, stride))
        axes = axes[::-1] or [(1, 1)]
        return Positions(self.base, tuple(n for n, _ in axes), tuple(s for _, s in axes))


class Block(Record):
    """A block of a global array: for each axis where it starts, its step and its length."""

    global_shape: tuple[int, ...]
    starts: tuple[int, ...]
    steps: tuple[int, ...]
    counts: tuple[int, ...]
    dropped: tuple[bool, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """The block's own shape; axes indexed by an integer are dropped, as in NumPy."""
        if not any(self.dropped):
            return self.counts
        return tuple(n for n, drop in zip(self.counts, self.dropped, strict=True) if not drop)

    @property
    def size(self) -> int:
        """How many elements the block has."""
        return math.prod(self.counts)

    @property
    def whole(self) -> bool:
        """Whether the block is the global array itself."""
        return self.shape == self.global_shape and self.steps.count(1) == len(self.steps)

    @property
    def as_index(self) -> tuple[Any, ...]:
        """The block as a basic index of the global array."""
        items: list[Any] = []
        for start, step, count, drop in zip(
            self.starts, self.steps, self.counts, self.dropped, strict=True
        ):
            stop = start + step * count
            items.append(start if drop else slice(start, None if stop < 0 else stop, step))
        return tuple(items)

    def part(self, index: Any) -> Block:
        """The block that `index` selects within this one."""
        kept = [d for d, drop in enumerate(self.dropped) if not drop]
        inner = block(self.shape, index)
        starts, steps, counts = list(self.starts), list(self.steps), list(self.counts)
        dropped = list(self.dropped)
        for axis, d in enumerate(kept):
            starts[d] += inner.starts[axis] * steps[d]
            steps[d] *= inner.steps[axis]
            counts[d] = inner.counts[axis]
            dropped[d] = inner.dropped[axis]
        return Block(self.global_shape, tuple(starts), tuple(steps), tuple(counts), tuple(dropped))

    def positions(self) -> Positions:
        """The block's row-major positions in the global array, simplified."""
        size = self.size
        if size and self.whole:
            return Positions(0, (size,), (1,))
        return self.axes().simplified()

    def axes(self) -> Positions:
        """The same positions, with one axis for each of the block's own."""
        base, stride = 0, 1
        counts, strides = [], []
        for length, start, step, count, drop in zip(
            reversed(self.global_shape),
            reversed(self.starts),
            reversed(self.steps),
            reversed(self.counts),
            reversed(self.dropped),
            strict=True,
        ):
            base += start * stride
            if not drop:
                counts.append(count)
                strides.append(step * stride)
            stride *= length
        return Positions(base, tuple(counts[::-1]), tuple(strides[::-1]))


def block(shape: tuple[int, ...], index: Any = None) -> Block:
    """The block of a global array of `shape` that `index` selects, by NumPy's basic indexing.

    Parameters
    ----------
    shape
        The global shape, as `checked_shape` returns it.
    index
        An integer, slice or Ellipsis, or a tuple of them; None for the whole array.
    """
    if index is None:
        return _whole(shape)
    items = _expanded(index, len(shape))
    starts, steps, counts, dropped = [], [], [], []
    for axis, (length, item) in enumerate(zip(shape, items, strict=True)):
        if isinstance(item, slice):
            start, stop, step = _slice_indices(item, length)
            count = max(0, -((start - stop) // step))
            starts.append(start if count else 0)
            steps.append(step)
            counts.append(count)
            dropped.append(False)
        else:
            at = _integer_index(item)
            if not -length <= at < length:
                raise must("index", f"must be within axis {axis} of length {length}", at)
            starts.append(at % length)
            steps.append(1)
            counts.append(1)
            dropped.append(True)
    return Block(shape, tuple(starts), tuple(steps), tuple(counts), tuple(dropped))


def checked_shape(shape: Any) -> tuple[int, ...]:
    """The shape as a tuple of at most 64 non-negative integers, of at most 2^64 elements in all."""
    lengths = tuple(shape if isinstance(shape, tuple) else _items(shape))
    if not INTEGERS.issuperset(map(type, lengths)):
        given, lengths = lengths, tuple(n for n in map(as_integer, lengths) if n is not None)
        if len(lengths) < len(given):
            rule = "must be an integer or a sequence of integers"
            raise must_be_type("shape", rule, shape, _why_no_length(given))
    if min(lengths, default=0) < 0:
        raise must("shape", "must have no negative lengths", lengths)
    if len(lengths) > MOST_AXES:
        raise must("shape", f"must have at most {MOST_AXES} axes, as in NumPy", lengths)
    if math.prod(lengths) > LIMIT:
        raise must("shape", "must have at most 2^64 elements", lengths)
    return lengths


def pieces(shape: tuple[int, ...], most: int) -> Iterator[tuple[Any, ...]]:
    """Indices of blocks of at most `most` elements, contiguous in the last axes."""
    if math.prod(shape) <= most:
        yield (Ellipsis,)
        return
    inner = math.prod(shape[1:])
    rows = max(1, most // max(inner, 1))
    for start in range(0, shape[0], rows):
        stop = min(start + rows, shape[0])
        for rest in pieces(shape[1:], most) if rows == 1 else ((Ellipsis,),):
            yield (slice(start, stop), *rest)


def _items(shape: Any) -> tuple[Any, ...]:
    """What is to be the lengths; NumPy's 0-d arrays are iterable in name alone."""
    if isinstance(shape, NO_SEQUENCES) or not isinstance(shape, Iterable):
        return (shape,)
    if getattr(shape, "ndim", 1) == 0:
        return (shape,)
    return tuple(shape)


def _why_no_length(lengths: tuple[Any, ...]) -> str:
    """What to try for lengths of which some are not known."""
    if any(length is None for length in lengths):
        return "the numbers, which a layer knows once it is built; None is a length not yet known"
    if any(type(length).__module__.partition(".")[0] == "jax" for length in lengths):
        return "numbers, in a program for each shape: values depend on their places in the whole"
    return ""


@functools.lru_cache(maxsize=1024)
def _whole(shape: tuple[int, ...]) -> Block:
    rank = len(shape)
    return Block(shape, (0,) * rank, (1,) * rank, shape, (False,) * rank)


def _expanded(index: Any, rank: int) -> tuple[Any, ...]:
    items = index if isinstance(index, tuple) else (index,)
    for item in items:
        if item is not Ellipsis and not isinstance(item, slice):
            _integer_index(item)
    ellipses = sum(item is Ellipsis for item in items)
    if ellipses > 1 or len(items) - ellipses > rank:
        raise must(
            "index",
            f"must have at most {rank} items and one Ellipsis, as `shape` has rank {rank}",
            index,
        )
    missing = (slice(None),) * (rank - len(items) + ellipses)
    if not ellipses:
        return items + missing
    at = next(i for i, item in enumerate(items) if item is Ellipsis)
    return items[:at] + missing + items[at + 1 :]


def _slice_indices(item: slice, length: int) -> tuple[int, int, int]:
    try:
        return item.indices(length)
    except (TypeError, ValueError) as error:
        raise must("index", f"must hold valid slices ({error})", item) from None


def _integer_index(item: Any) -> int:
    number = as_integer(item)
    if number is None:
        raise must_be_type("index", "must be integers, slices or Ellipsis", item)
    return number
