"""Weights whose entries are those of a smaller weight, each taken several times."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from agnostic_init.arrays.formats import FORMATS
from agnostic_init.arrays.target import Target
from agnostic_init.bits.block import Block, block
from agnostic_init.bits.key import Key
from agnostic_init.initializers.chunked import Chunked
from agnostic_init.initializers.lookup import found

__all__ = ["Gathered", "Source"]


class Source(NamedTuple):
    """Where the places of an axis come from, and what they are multiplied with."""

    places: Any
    signs: Any = None


class Gathered(Chunked):
    """A subclass says of which smaller weight, and names the places; `init` makes that weight."""

    init: Any

    def _take(self, init: Any) -> None:
        """Keep the initializer of the smaller weight, and be elementwise where it is."""
        made = found(init, "init")
        object.__setattr__(self, "init", made)
        object.__setattr__(self, "elementwise", made.elementwise)
        object.__setattr__(self, "needs_key", made.needs_key)

    def _sources(self, shape: tuple[int, ...]) -> tuple[tuple[int, ...], dict[int, Source]]:
        """The smaller shape, and the sources of the axes that are not its own."""
        raise NotImplementedError

    def _check(self, shape: tuple[int, ...], dtype: str) -> None:
        self.init._check(self._sources(shape)[0], dtype)

    def _block(self, shape: tuple[int, ...], key: Key | None, part: Block, target: Target) -> Any:
        library, device = target.library, target.device
        small, sources = self._sources(shape)
        form = FORMATS.get(target.dtype)
        by_way_of = "float32" if form is not None and form.itemsize == 1 else target.dtype
        index = []
        takes: dict[int, Source] = {}
        for axis, (start, step, count) in enumerate(
            zip(part.starts, part.steps, part.counts, strict=True)
        ):
            places = start + step * np.arange(count)
            if axis in sources:
                source = sources[axis]
                signs = None if source.signs is None else source.signs[places]
                places = source.places[places]
                takes[axis] = Source(places, signs)
            first, last = (int(places.min()), int(places.max())) if count else (0, -1)
            if axis not in sources:
                takes[axis] = Source(places)
            takes[axis] = Source(takes[axis].places - first, takes[axis].signs)
            index.append(slice(first, last + 1))
        place = Target(library, by_way_of, device)
        made = self.init._make(small, key, block(small, tuple(index)), place)
        for axis, source in takes.items():
            made = _taken(library, made, axis, source, device)
        return library.xp.reshape(library.cast(made, target.dtype), part.shape)

    def _statistics(self, shape: tuple[int, ...], dtype: str) -> dict[str, Any]:
        found: dict[str, Any] = self.init._statistics(self._sources(shape)[0], dtype)
        return found | {"distribution": f"{found['distribution']}, repeated"}


def _taken(library: Any, array: Any, axis: int, source: Source, device: Any) -> Any:
    xp, places = library.xp, source.places
    if places.size != array.shape[axis] or (places != np.arange(places.size)).any():
        array = xp.take(array, library.from_host(places.astype(np.int32), device), axis=axis)
    if source.signs is not None:
        lengths = (1,) * axis + (-1,) + (1,) * (array.ndim - axis - 1)
        array = xp.where(library.from_host(source.signs.reshape(lengths), device), -array, array)
    return array
