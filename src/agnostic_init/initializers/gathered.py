"""Weights whose entries are those of a smaller weight, each taken several times."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from agnostic_init.arrays.formats import FORMATS
from agnostic_init.arrays.target import Target
from agnostic_init.bits.block import Block, block
from agnostic_init.bits.key import Key
from agnostic_init.initializers.chunked import Chunked
from agnostic_init.initializers.places import places_of

__all__ = ["Gathered", "Source"]

# A block of the smaller weight may have this many times the entries that are needed, or this many.
WASTE, FEW = 4, 4096


class Source(NamedTuple):
    """Where the entries of an axis come from: functions of the places that are asked for.

    Attributes
    ----------
    places : the places along the axis of the smaller weight.
    signs : whether the entries there are negated; None if none is.
    """

    places: Callable[[Any], Any]
    signs: Callable[[Any], Any] | None = None


class Gathered(Chunked):
    """A subclass says of which smaller weight, and names the places; `init` makes that weight."""

    init: Any

    @property
    def elementwise(self) -> bool:  # type: ignore[override]
        """That of the initializer of the smaller weight."""
        return bool(self.init.elementwise)

    @property
    def needs_key(self) -> bool:  # type: ignore[override]
        """That of the initializer of the smaller weight."""
        return bool(self.init.needs_key)

    def _sources(self, shape: tuple[int, ...]) -> tuple[tuple[int, ...], dict[int, Source]]:
        """The smaller shape, and the sources of the axes that are not its own."""
        raise NotImplementedError

    def _check(self, shape: tuple[int, ...], dtype: str) -> None:
        self.init._check(self._sources(shape)[0], dtype)

    def _block(self, shape: tuple[int, ...], key: Key | None, part: Block, target: Target) -> Any:
        library, device = target.library, target.device
        lengths, sources = self._sources(shape)
        form = FORMATS.get(target.dtype)
        by_way_of = "float32" if form is not None and form.itemsize == 1 else target.dtype
        index = [_slice(*axis) for axis in zip(part.starts, part.steps, part.counts, strict=True)]
        needed, takes = {}, {}
        for axis, source in sources.items():
            asked = places_of(part.starts[axis], part.steps[axis], part.counts[axis])
            needed[axis], take = np.unique(source.places(asked), return_inverse=True)
            takes[axis] = (take, source.signs(asked) if source.signs else None)
        place = Target(library, by_way_of, device)
        made = self._smaller(lengths, key, index, needed, place)
        for axis, (take, signs) in takes.items():
            made = _signed(library, _taken(library, made, axis, take, device), axis, signs, device)
        return library.xp.reshape(library.cast(made, target.dtype), part.shape)

    def _smaller(
        self,
        lengths: tuple[int, ...],
        key: Key | None,
        index: list[slice],
        needed: dict[int, Any],
        place: Target,
    ) -> Any:
        """The block `index` of the smaller weight; of some axes the `needed` places, which increase."""
        index, picks = list(index), {}
        for axis, places in needed.items():
            step = 1 if places.size < 2 else int(np.gcd.reduce(np.diff(places)))
            first, last = (int(places[0]), int(places[-1])) if places.size else (0, -1)
            count = (last - first) // step + 1
            if self.elementwise and count > max(WASTE * places.size, FEW):
                middle = places.size // 2
                halves = ({**needed, axis: x} for x in (places[:middle], places[middle:]))
                made = [self._smaller(lengths, key, index, half, place) for half in halves]
                return place.library.xp.concat(made, axis=axis)
            index[axis] = _slice(first, step, count)
            picks[axis] = (places - np.uint64(first)) // np.uint64(step)
        made = self.init._make(lengths, key, block(lengths, tuple(index)), place)
        for axis, pick in picks.items():
            made = _taken(place.library, made, axis, pick, place.device)
        return made

    def _statistics(self, shape: tuple[int, ...], dtype: str) -> dict[str, Any]:
        found: dict[str, Any] = self.init._statistics(self._sources(shape)[0], dtype)
        return found | {"distribution": f"{found['distribution']}, repeated"}


def _slice(start: int, step: int, count: int) -> slice:
    stop = start + step * count
    return slice(start, stop if stop >= 0 else None, step) if count else slice(0, 0)


def _taken(library: Any, array: Any, axis: int, places: Any, device: Any) -> Any:
    if places.size == array.shape[axis] and (places == np.arange(places.size)).all():
        return array
    return library.xp.take(array, library.from_host(places.astype(np.int32), device), axis=axis)


def _signed(library: Any, array: Any, axis: int, signs: Any, device: Any) -> Any:
    if signs is None:
        return array
    lengths = (1,) * axis + (-1,) + (1,) * (array.ndim - axis - 1)
    return library.xp.where(library.from_host(signs.reshape(lengths), device), -array, array)
