"""How what is no draw makes a block: by itself, or cut from the whole array."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from agnostic_init.arrays.target import Target, backend
from agnostic_init.initializers.base import Initializer

if TYPE_CHECKING:
    from agnostic_init.arrays.library import Index, Library
    from agnostic_init.bits.block import Block
    from agnostic_init.bits.key import Key

__all__ = [
    "LIMIT",
    "Blockwise",
    "OfAnother",
    "Whole",
    "comparable",
    "digit",
    "positions_along",
    "positions_of",
    "remainder",
    "selected",
]

LIMIT = 1 << 64  # an axis may have so many positions


class Blockwise(Initializer):
    """A subclass makes a block in a library that computes at once."""

    def make_block(
        self, shape: tuple[int, ...], key: Key | None, part: Block, target: Target
    ) -> Any:
        """The block, on the target's device."""
        raise NotImplementedError

    def make(self, shape: tuple[int, ...], key: Key | None, part: Block, target: Target) -> Any:
        self.check(shape, target.dtype)
        library = target.library
        if not library.lazy:
            working = Target(library, target.dtype, library.working_device(target.device))
            return library.placed(self.make_block(shape, key, part, working), target.device)
        chunk = functools.partial(_chunk, self, key, part, target.dtype)
        dtype = library.dtype(target.dtype)
        return library.by_blocks(chunk, part.shape, dtype, target.like, (self, key, part))


class OfAnother(Initializer):
    """What is made of what another initializer makes; `init` is the other."""

    init: Any

    @property
    def elementwise(self) -> bool:  # type: ignore[override]
        """That of the other."""
        return bool(self.init.elementwise)

    @property
    def needs_key(self) -> bool:  # type: ignore[override]
        """That of the other."""
        return bool(self.init.needs_key)


class Whole(Initializer):
    """An initializer that makes the global array, of which a block is then taken."""

    elementwise: ClassVar[bool] = False
    lazily: ClassVar[bool] = False  # whether `make_whole` itself is lazy in a lazy library

    def make_whole(self, shape: tuple[int, ...], key: Any, target: Target) -> Any:
        """The global array, of a `Key`; of None where values are not random."""
        raise NotImplementedError

    def make(self, shape: tuple[int, ...], key: Key | None, part: Block, target: Target) -> Any:
        assert key is not None or not self.needs_key
        self.check(shape, target.dtype)
        library = target.library

        def whole(place: Target) -> Any:
            if not library.lazy or self.lazily:
                return self.make_whole(shape, key, place)
            host = Target(backend("numpy"), target.dtype, None)
            later = functools.partial(self.make_whole, shape, key, host)
            return library.deferred(later, shape, library.dtype(target.dtype), (self, key))

        return self._cut(whole, shape, part, target)

    def _cut(
        self,
        whole: Callable[[Target], Any],
        shape: tuple[int, ...],
        part: Block,
        target: Target,
    ) -> Any:
        """The block of an array of `shape` that `whole` makes, where the target is."""
        library = target.library
        if math.prod(shape) == 0:
            made = library.xp.zeros(
                shape,
                dtype=library.dtype(target.dtype),
                device=library.working_device(target.device),
            )
        else:
            place = Target(library, target.dtype, library.working_device(target.device))
            made = whole(place)
        placed = library.placed(selected(library, made, part), target.device)
        return library.in_chunks_of(target.like, placed)


def _chunk(init: Blockwise, key: Key | None, part: Block, dtype: str, index: Index) -> Any:
    """A chunk of a lazy array."""
    host = Target(backend("numpy"), dtype, None)
    return init.make_block(part.global_shape, key, part.part(index), host)


def selected(library: Library, array: Any, part: Block) -> Any:
    """The block of an array of the global shape, by slices of positive steps inside of it."""
    if part.whole:
        return array
    xp, index = library.xp, []
    for start, step, count in zip(part.starts, part.steps, part.counts, strict=True):
        ends = sorted((start, start + (count - 1) * step))
        # A step of which none is taken may be longer than any index that a library takes.
        index.append(slice(ends[0], ends[1] + 1, abs(step) if count > 1 else 1))
    backwards = tuple(axis for axis, step in enumerate(part.steps) if step < 0)
    found = (
        array[tuple(index)]
        if part.size
        else xp.zeros_like(array)[tuple(slice(0, n) for n in part.counts)]
    )
    if backwards and part.size:
        found = library.flip(found, backwards)
    return xp.reshape(found, part.shape)


def positions_along(start: int, step: int, count: int) -> Any:
    """The places that a block has of an axis: ``start + step * j`` for ``0 <= j < count``."""
    # A negative step is one that wraps around.
    return np.uint64(start) + np.arange(count, dtype=np.uint64) * np.uint64(step % LIMIT)


def positions_of(part: Block) -> list[Any]:
    """Of each axis the positions that the block takes, to be broadcast against the others."""
    rank = len(part.counts)
    return [
        positions_along(start, step, count).reshape((count,) + (1,) * (rank - axis - 1))
        for axis, (start, step, count) in enumerate(
            zip(part.starts, part.steps, part.counts, strict=True)
        )
    ]


def digit(places: Any, stride: int, length: int) -> Any:
    """The index ``places // stride % length``."""
    above = places // np.uint64(stride) if 0 < stride < LIMIT else np.zeros_like(places)
    return remainder(above, length)


def remainder(places: Any, length: int) -> Any:
    """The index ``places % length``; the places themselves, where there are no more."""
    return places % np.uint64(length) if 0 < length < LIMIT else places


def comparable(places: Any, others: Any) -> tuple[Any, Any]:
    """32-bit integers that are equal where the given ones are; those of `others` are not negative."""
    first, last = (int(others.min()), int(others.max())) if others.size else (0, 0)
    if last - first < (1 << 31) - 1:
        known = (places >= first) & (places <= last)
        mine, theirs = places - np.uint64(first), others - np.uint64(first)
    else:  # far apart: their ranks
        values, theirs = np.unique(others, return_inverse=True)
        mine = np.minimum(np.searchsorted(values, places), values.size - 1)
        known = values[mine] == places
    found = np.full(places.shape, -1, np.int32)
    found[known] = mine[known]
    return found, theirs.reshape(others.shape).astype(np.int32)
