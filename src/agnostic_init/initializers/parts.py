"""Initializers made of others: rows that are constant, masks, and blocks side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from agnostic_init.arrays.dtypes import FORMATS
from agnostic_init.arrays.errors import must, must_be_type
from agnostic_init.arrays.library import Library
from agnostic_init.arrays.numbers import as_integer, integer, real_number
from agnostic_init.arrays.target import Target
from agnostic_init.bits.block import Block, block
from agnostic_init.bits.key import Key
from agnostic_init.initializers.base import Initializer
from agnostic_init.initializers.blocks import Blockwise, OfAnother, positions_along
from agnostic_init.initializers.lookup import found

__all__ = ["blocks", "constant_rows", "masked", "zero_rows"]


class _Edited(OfAnother):
    """What another initializer makes, and then something else in places; `init` is the other."""

    linear: ClassVar[tuple[str, ...]] = ("init",)

    def statistics(self, shape: tuple[int, ...], dtype: str) -> dict[str, Any]:
        known: dict[str, Any] = self.init.statistics(shape, dtype)
        return known | {"distribution": f"{known['distribution']}, but for some"}


def _items(name: str, value: Any, rule: str) -> tuple[Any, ...]:
    """The items of a sequence, or an error that names the parameter."""
    if (
        isinstance(value, (str, bytes, Mapping))
        or not isinstance(value, Iterable)
        or getattr(value, "ndim", 1) != 1
    ):
        raise must_be_type(name, rule, value)
    return tuple(value)


@dataclass(frozen=True, repr=False)
class constant_rows(_Edited):
    """Another initializer, but for rows that are one number.

    Parameters
    ----------
    init
        The initializer of the other rows, with its values at their places.
    rows
        The indices along the first axis: one, a sequence, or a range.
    value
        The number.

    Raises
    ------
    ParameterError
        If the array has no such row.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.constant_rows("ones", range(1, 3), 0.5)(4)
    array([1. , 0.5, 0.5, 1. ], dtype=float32)
    """

    linear: ClassVar[tuple[str, ...]] = ("init", "value")

    init: Any
    rows: Any
    value: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "init", found(self.init, "init"))
        object.__setattr__(self, "value", real_number("value", self.value))
        one = as_integer(self.rows)
        given = (one,) if one is not None else self.rows
        rule = "must be an index, or a sequence of these"
        rows = [as_integer(each) for each in _items("rows", given, rule)]
        if not all(each is not None for each in rows):
            raise must_be_type("rows", rule, self.rows)
        object.__setattr__(self, "rows", tuple(sorted({int(each or 0) for each in rows})))

    def check(self, shape: tuple[int, ...], dtype: str) -> None:
        if not shape or any(not -shape[0] <= row < shape[0] for row in self.rows):
            length = shape[0] if shape else "none"
            raise must("rows", f"must be within the first axis, of length {length}", self.rows)
        self.init.check(shape, dtype)

    def make_block(
        self, shape: tuple[int, ...], key: Key | None, part: Block, target: Target
    ) -> Any:
        library = target.library
        made = self.init.make(shape, key, part, target)
        chosen = self._chosen(part)
        if not chosen.any():
            return made
        lengths = (-1,) + (1,) * (len(part.counts) - 1)
        mask = library.from_host(np.ascontiguousarray(chosen.reshape(lengths)), target.device)
        xp, dtype = library.xp, library.dtype(target.dtype)
        value = xp.full(part.counts, self.value, dtype=dtype, device=target.device)
        wide = xp.reshape(made, part.counts)
        return xp.reshape(_where(library, mask, value, wide, target), part.shape)

    def write(self, key: Key | None, part: Block, out: Any, library: Library) -> None:
        self.check(part.global_shape, library.dtype_name(out.dtype))
        self.init.write(key, part, out, library)
        chosen = self._chosen(part)
        if part.dropped[0]:
            if chosen.any():
                library.write_scalar(out, self.value)
            return
        edges = np.flatnonzero(np.diff(np.concatenate(([0], chosen, [0]))))
        for start, stop in edges.reshape(-1, 2).tolist():
            library.write_scalar(out[start:stop, ...], self.value)

    def _chosen(self, part: Block) -> Any:
        """Which of a block's places along the first axis are such rows."""
        length = part.global_shape[0]
        rows = np.array([row % length for row in self.rows], np.uint64)
        places = positions_along(part.starts[0], part.steps[0], part.counts[0])
        return np.isin(places, rows).astype(np.int8) > 0


def zero_rows(init: Any, rows: Any) -> constant_rows:
    """Another initializer, but for rows that are zero, as those of an embedding's padding are.

    Parameters
    ----------
    init
        The initializer of the other rows, with its values at their places.
    rows
        The indices along the first axis: one, a sequence, or a range.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.zero_rows("ones", 0)((3, 2))
    array([[0., 0.],
           [1., 1.],
           [1., 1.]], dtype=float32)
    """
    return constant_rows(init, rows, 0.0)


@dataclass(frozen=True, repr=False)
class masked(_Edited):
    """Another initializer where a mask is true, and zeros elsewhere.

    Parameters
    ----------
    init
        The initializer of what is kept, with its values at their places.
    mask
        Nested sequences, or an array, of truth values, or of zeros and ones; its shape broadcasts
        to that of the weight.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.masked("ones", [[1, 0, 0], [1, 1, 0]])((2, 3))
    array([[1., 0., 0.],
           [1., 1., 0.]], dtype=float32)
    """

    init: Any
    mask: Any

    def __post_init__(self) -> None:
        object.__setattr__(self, "init", found(self.init, "init"))
        try:
            array = np.asarray(self.mask)
        except (TypeError, ValueError):  # ragged, or no array
            array = np.empty(0)
        if array.dtype.kind not in "bfiu" or not np.isin(array, (0, 1)).all() or not array.size:
            raise must_be_type("mask", "must be truth values, or zeros and ones", self.mask)
        object.__setattr__(self, "mask", _nested(array.astype(np.int8).tolist()))

    def check(self, shape: tuple[int, ...], dtype: str) -> None:
        self.init.check(shape, dtype)
        own = np.shape(self.mask)
        missing = len(shape) - len(own)
        if missing < 0 or any(n not in (1, m) for n, m in zip(own, shape[missing:], strict=True)):
            raise must("mask", f"must broadcast to the shape {shape}", own)

    def make_block(
        self, shape: tuple[int, ...], key: Key | None, part: Block, target: Target
    ) -> Any:
        library = target.library
        made = self.init.make(shape, key, part, target)
        kept = np.asarray(self.mask, np.int8) > 0
        missing = len(shape) - kept.ndim
        for axis, length in enumerate(kept.shape):
            d = missing + axis
            places = positions_along(part.starts[d], part.steps[d], part.counts[d])
            kept = np.take(kept, places.astype(np.int64) if length > 1 else [0], axis)
        mask = library.from_host(np.ascontiguousarray(kept), target.device)
        wide = library.xp.reshape(made, part.counts)
        zero = library.xp.zeros_like(wide)
        return library.xp.reshape(_where(library, mask, wide, zero, target), part.shape)


@dataclass(frozen=True, repr=False)
class blocks(Blockwise):
    """Initializers side by side along an axis, each for a block of its own.

    Parameters
    ----------
    inits
        The initializers of the blocks, in their order. Each sees the shape of its block alone, and
        draws from the key ``key.fold_in(n)``, n its number.
    sizes
        The lengths of the blocks; equal ones by default.
    axis
        The axis that is cut.
    same_key
        Whether all draw from the key itself, so that the same initializer makes the same block.

    Raises
    ------
    ParameterError
        If the lengths do not add up to the axis, or it cannot be cut into so many equal ones.

    Examples
    --------
    The bias of an LSTM, whose second quarter is the forget gate's:

    >>> import agnostic_init as ai
    >>> ai.blocks(["zeros", "ones", "zeros", "zeros"])(8)
    array([0., 0., 1., 1., 0., 0., 0., 0.], dtype=float32)
    """

    linear: ClassVar[tuple[str, ...]] = ("inits",)

    inits: Any
    sizes: Any = None
    axis: int = 0
    same_key: bool = False

    def __post_init__(self) -> None:
        given = _items("inits", self.inits, "must be a sequence of initializers")
        inits = tuple(found(each, f"inits[{n}]") for n, each in enumerate(given))
        if not inits:
            raise must("inits", "must not be empty", inits)
        object.__setattr__(self, "inits", inits)
        if self.sizes is not None:
            rule = f"must be {len(inits)} lengths, one for each initializer"
            sizes = [as_integer(each) for each in _items("sizes", self.sizes, rule)]
            if len(sizes) != len(inits) or not all(n is not None and n >= 0 for n in sizes):
                raise must("sizes", rule, self.sizes)
            object.__setattr__(self, "sizes", tuple(sizes))
        object.__setattr__(self, "axis", integer("axis", self.axis))
        if not isinstance(self.same_key, bool):
            raise must_be_type("same_key", "must be True or False", self.same_key)

    @property
    def elementwise(self) -> bool:  # type: ignore[override]
        """Whether all are."""
        return all(each.elementwise for each in self.inits)

    @property
    def needs_key(self) -> bool:  # type: ignore[override]
        """Whether any does."""
        return any(each.needs_key for each in self.inits)

    def check(self, shape: tuple[int, ...], dtype: str) -> None:
        axis, sizes = self._cut(shape)
        for init, size in zip(self.inits, sizes, strict=True):
            init.check((*shape[:axis], size, *shape[axis + 1 :]), dtype)

    def make_block(
        self, shape: tuple[int, ...], key: Key | None, part: Block, target: Target
    ) -> Any:
        made = [
            piece.make(lengths, own, inner, target)
            for piece, lengths, own, inner, _ in self._pieces(key, part)
        ]
        axis, _ = self._cut(shape)
        if part.dropped[axis]:
            return made[0]
        kept = sum(not drop for drop in part.dropped[:axis])
        return target.library.xp.concat(made, axis=kept)

    def write(self, key: Key | None, part: Block, out: Any, library: Library) -> None:
        self.check(part.global_shape, library.dtype_name(out.dtype))
        axis, _ = self._cut(part.global_shape)
        kept = sum(not drop for drop in part.dropped[:axis])
        for piece, _, own, inner, where in self._pieces(key, part):
            view = out if where is None else out[(slice(None),) * kept + (where, ...)]
            piece.write(own, inner, view, library)

    def statistics(self, shape: tuple[int, ...], dtype: str) -> dict[str, Any]:
        return {"distribution": "blocks"}

    def _cut(self, shape: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
        """The axis and the lengths of the blocks."""
        if not -len(shape) <= self.axis < len(shape):
            raise must("axis", f"must be one of the shape {shape}", self.axis)
        axis = self.axis % len(shape)
        sizes = self.sizes
        if sizes is None:
            size, rest = divmod(shape[axis], len(self.inits))
            if rest:
                rule = f"must be given, as {len(self.inits)} does not divide {shape[axis]}"
                raise must("sizes", rule, None)
            sizes = (size,) * len(self.inits)
        if sum(sizes) != shape[axis]:
            raise must("sizes", f"must add up to axis {axis}, of length {shape[axis]}", sizes)
        return axis, sizes

    def _pieces(
        self, key: Key | None, part: Block
    ) -> list[tuple[Initializer, tuple[int, ...], Key | None, Block, slice | None]]:
        """For each block: its initializer, shape and key, what is asked of it, and where that goes."""
        shape = part.global_shape
        axis, sizes = self._cut(shape)
        start, step, count = part.starts[axis], part.steps[axis], part.counts[axis]
        found, low = [], 0
        for number, (init, size) in enumerate(zip(self.inits, sizes, strict=True)):
            first, last = _steps_within(start, step, count, low, low + size)
            lengths = (*shape[:axis], size, *shape[axis + 1 :])
            if part.dropped[axis] and first == last:
                low += size
                continue
            starts = (*part.starts[:axis], start + step * first - low, *part.starts[axis + 1 :])
            counts = (*part.counts[:axis], last - first, *part.counts[axis + 1 :])
            inner = part._replace(global_shape=lengths, starts=starts, counts=counts)
            if first == last:
                inner = inner._replace(starts=(*starts[:axis], 0, *starts[axis + 1 :]))
            if inner == block(lengths):
                inner = block(lengths)
            own = key if key is None or self.same_key else key.fold_in(number)
            where = None if part.dropped[axis] else slice(first, last)
            found.append((init, lengths, own, inner, where))
            low += size
        return found if step > 0 else found[::-1]


def _steps_within(start: int, step: int, count: int, low: int, high: int) -> tuple[int, int]:
    """The j of ``0 <= j < count`` for which ``low <= start + step * j < high``, as a range."""
    if step > 0:
        first, last = -((start - low) // step), -((start - high) // step)
    else:
        first, last = (start - high) // -step + 1, (start - low) // -step + 1
    first, last = min(max(first, 0), count), min(max(last, 0), count)
    return first, max(first, last)


def _where(library: Library, mask: Any, one: Any, other: Any, target: Target) -> Any:
    """``where``, by way of float32 for formats of one byte, which libraries hardly compute with."""
    form = FORMATS.get(target.dtype)
    if form is None or form.itemsize > 1:
        return library.xp.where(mask, one, other)
    wide = [library.cast(each, "float32") for each in (one, other)]
    return library.cast(library.xp.where(mask, *wide), target.dtype)


def _nested(value: Any) -> Any:
    return tuple(map(_nested, value)) if isinstance(value, list) else value
