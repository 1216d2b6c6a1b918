"""Initializers of which no element can be made without the rest."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar

from agnostic_init.arrays.target import Target, backend
from agnostic_init.bits.block import Block
from agnostic_init.bits.key import Key
from agnostic_init.initializers.base import Initializer

__all__ = ["Whole", "selected"]


class Whole(Initializer):
    """An initializer that makes the global array, of which a block is then taken."""

    elementwise: ClassVar[bool] = False
    lazily: ClassVar[bool] = False  # whether `_whole` itself is lazy in a lazy library

    def _whole(self, shape: tuple[int, ...], key: Key, target: Target) -> Any:
        """The global array."""
        raise NotImplementedError

    def _make(self, shape: tuple[int, ...], key: Key | None, part: Block, target: Target) -> Any:
        assert key is not None
        self._check(shape, target.dtype)
        library = target.library

        def whole(place: Target) -> Any:
            if not library.lazy or self.lazily:
                return self._whole(shape, key, place)
            host = Target(backend("numpy"), target.dtype, None)
            dtype = library.dtype(target.dtype)
            return library.deferred(
                lambda: self._whole(shape, key, host), shape, dtype, (self, key)
            )

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
        return library.placed(selected(library.xp, made, part), target.device)


def selected(xp: Any, array: Any, part: Block) -> Any:
    """The block of an array of the global shape, by slices of positive steps alone."""
    if part.whole:
        return array
    index = tuple(
        slice(start, start + count * step, step)
        if step > 0
        else slice(start + (count - 1) * step, start + 1, -step)
        for start, step, count in zip(part.starts, part.steps, part.counts, strict=True)
    )
    backwards = tuple(axis for axis, step in enumerate(part.steps) if step < 0)
    found = (
        array[index] if part.size else xp.zeros_like(array)[tuple(slice(0, n) for n in part.counts)]
    )
    if backwards and part.size:
        found = xp.flip(found, axis=backwards)
    return xp.reshape(found, part.shape)
