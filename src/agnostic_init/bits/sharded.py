"""Plain memory that is a part of a global array, and where it belongs there."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

from agnostic_init.arrays.errors import must, must_be_type
from agnostic_init.arrays.library import Index, Library
from agnostic_init.arrays.memory import Memory
from agnostic_init.arrays.refusals import Refusal
from agnostic_init.arrays.target import library_of
from agnostic_init.bits.block import block, checked_shape
from agnostic_init.bits.runs import Place, blocks_of, flat_blocks

__all__ = ["Sharded"]

NO_VIEW = Refusal("is one run whose rows cannot be seen apart", "a contiguous array")


class Sharded:
    """What this process holds of a global array: plain memory, and its place in the whole.

    It is filled wherever an array is, by `fill`, `fill_tree` and ``draws.*(out=...)``, with the
    values of its place: those that one process gives there. Fans are of the global shape.

    Parameters
    ----------
    local
        An array that can be written. It is no DTensor, which knows its place.
    global_shape
        The shape of the whole.
    index
        Where it lies: for each axis a slice, an integer, or a list of slices whose runs `local`
        holds one after the other; Ellipsis for the axes between; None for all.
    flat
        In place of `index`, where `local` has one axis: a slice of the whole read row by row, as
        FSDP1's and ZeRO's shards are.

    Attributes
    ----------
    shape, dtype
        Those of the whole.
    places
        The blocks that it is made of: where each is here, and there.

    Raises
    ------
    ParameterError, ParameterTypeError
        If `local` has not the shape that its place has, or runs overlap.

    Examples
    --------
    >>> import numpy as np
    >>> import agnostic_init as ai
    >>> whole = ai.glorot_normal(layout="torch")((8, 4), key=0)
    >>> rows = ai.Sharded(np.empty((2, 4), np.float32), (8, 4), slice(6, 8))
    >>> filled = ai.glorot_normal(layout="torch").fill(rows, key=0)
    >>> bool((rows.local == whole[6:]).all())
    True

    Rows of a fused weight, two of each of its two parts:

    >>> index = [slice(2, 4), slice(6, 8)]
    >>> ai.Sharded(np.empty((4, 4), np.float32), (8, 4), index)
    Sharded(ndarray of (4, 4), global_shape=(8, 4), index=([2:4, 6:8], 0:4))
    """

    __slots__ = ("flat", "global_shape", "index", "local", "places")

    def __init__(
        self, local: Any, global_shape: Any, index: Any = None, *, flat: Any = None
    ) -> None:
        self.local = local
        self.global_shape = checked_shape(global_shape)
        self.places: tuple[Place, ...]
        self.index: tuple[Any, ...] | None
        self.flat: slice | None
        _check_plain(local)
        shape = tuple(local.shape)
        if flat is None:
            self.flat = None
            self.index, fitting, self.places = blocks_of(self.global_shape, index)
            where = "`index` of `global_shape`"
        elif index is not None:
            raise must("flat", "must not be given together with `index`", flat)
        else:
            self.index = None
            self.flat, self.places = flat_blocks(self.global_shape, flat)
            fitting, where = (self.flat.stop - self.flat.start,), "`flat`"
        if shape != fitting:
            rule = f"must have the shape {fitting}, that of {where} {self.global_shape}"
            raise must("local", rule, shape)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the whole."""
        return self.global_shape

    @property
    def ndim(self) -> int:
        """How many axes the whole has."""
        return len(self.global_shape)

    @property
    def dtype(self) -> Any:
        """The dtype, that of `local`."""
        return self.local.dtype

    @property
    def device(self) -> Any:
        """The device of `local`."""
        return self.local.device

    @property
    def library(self) -> Library:
        """What `arrays` asks, as of any other array."""
        return _pieces(library_of(self.local))

    def __repr__(self) -> str:
        if self.flat is not None:
            where = f"flat={_text(self.flat)}"
        else:
            assert self.index is not None
            inner = ", ".join(map(_text, self.index))
            where = f"index=({inner}{',' * (len(self.index) == 1)})"
        held = f"{type(self.local).__name__} of {tuple(self.local.shape)}"
        return f"Sharded({held}, global_shape={self.global_shape}, {where})"


class _Pieces(Library):
    """The library of `Sharded` arrays, which leaves to that of their memory what is not of places.

    Parameters
    ----------
    inner
        The library of the memory.
    """

    def __init__(self, inner: Library) -> None:
        super().__init__()
        self.inner = self.of_parts = inner
        self.name, self.writes = inner.name, inner.writes

    @functools.cached_property
    def xp(self) -> Any:
        return self.inner.xp

    def has(self, array: Any) -> bool:
        return isinstance(array, Sharded)

    def dtype_name(self, dtype: Any) -> str:
        return self.inner.dtype_name(dtype)

    def dtype(self, name: str) -> Any:
        return self.inner.dtype(name)

    def device_of(self, array: Any) -> Any:
        return self.inner.device_of(array.local)

    def check_like(self, like: Any) -> None:
        rule = "must be a plain array, as new ones are no part of another"
        raise must_be_type("like", rule, like, "like=like.local, with its index=")

    def why_not_writable(self, array: Any) -> Refusal | None:
        refusal = self.inner.why_not_writable(array.local)
        if (
            refusal is None
            and array.flat is not None
            and any(view is None for view in self._views(array))
        ):
            return NO_VIEW
        return refusal

    def cut(self, array: Any) -> Any:
        return array.global_shape, str(array.places)

    def parts(self, array: Any) -> Iterator[tuple[Any, Index]]:
        for view, place in zip(self._views(array), array.places, strict=True):
            yield view, place.there

    def memory(self, array: Any) -> Memory | None:
        return self.inner.memory(array.local)

    def written(self, out: Any) -> None:
        self.inner.written(out.local)

    def _views(self, array: Any) -> Iterator[Any]:
        for place in array.places:
            view = array.local[place.here] if place.here else array.local
            if array.flat is None:
                yield view
            else:
                shape = block(array.global_shape, place.there).shape
                axes = tuple(range(len(shape)))
                yield self.inner.rearranged(view, shape, axes, shape)


@functools.lru_cache(maxsize=32)
def _pieces(inner: Library) -> _Pieces:
    return _Pieces(inner)


def _check_plain(local: Any) -> None:
    if isinstance(local, Sharded):
        raise must_be_type("local", "must be an array, which is no part already", local)
    try:
        library = library_of(local)
    except TypeError:
        rule = "must be an array of a supported library"
        raise must_be_type("local", rule, local) from None
    if library.cut(local) is not None:
        raise must_be_type("local", "must be plain memory", local, "the DTensor itself")


def _text(item: Any) -> str:
    if isinstance(item, slice):
        step = "" if item.step in (None, 1) else f":{item.step}"
        return f"{item.start}:{'' if item.stop is None else item.stop}{step}"
    if isinstance(item, tuple):
        return f"[{', '.join(map(_text, item))}]"
    return str(item)
