"""Initializers made of others: rows that are constant, and masks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from agnostic_init.arrays.dtypes import FORMATS
from agnostic_init.arrays.errors import must, must_be_type
from agnostic_init.arrays.library import Library
from agnostic_init.arrays.numbers import as_integer, real_number
from agnostic_init.arrays.target import Target, check_readable
from agnostic_init.bits.block import Block
from agnostic_init.bits.key import Key
from agnostic_init.initializers.blocks import Blockwise, OfAnother, positions_along
from agnostic_init.initializers.constant import constant
from agnostic_init.initializers.description import mixed
from agnostic_init.initializers.lookup import found

__all__ = ["constant_rows", "items", "masked", "zero_rows"]


class _Edited(OfAnother, Blockwise):
    """What another initializer makes, and then something else in places; `init` is the other."""

    linear: ClassVar[tuple[str, ...]] = ("init",)

    def edited(self, shape: tuple[int, ...]) -> tuple[float, float]:
        """The share of the elements that are something else, and the number which they are."""
        raise NotImplementedError

    def statistics(self, shape: tuple[int, ...], dtype: str) -> dict[str, Any]:
        known: dict[str, Any] = self.init.statistics(shape, dtype)
        if not all(shape):
            return known
        share, value = self.edited(shape)
        other = constant(value).statistics(shape, dtype)
        fans = {name: known[name] for name in ("fan_in", "fan_out") if name in known}
        more = {"distribution": f"{known['distribution']}, but for some"} | fans
        return more | mixed([(1.0 - share, known), (share, other)])


def items(name: str, value: Any, rule: str) -> tuple[Any, ...]:
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
        rows = [as_integer(each) for each in items("rows", given, rule)]
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

    def edited(self, shape: tuple[int, ...]) -> tuple[float, float]:
        return len({row % shape[0] for row in self.rows}) / shape[0], self.value

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
        rule = "must be truth values, or zeros and ones"
        check_readable("mask", rule, self.mask)
        try:
            array = np.asarray(self.mask)
        except (TypeError, ValueError):  # ragged, or no array
            array = np.empty(0)
        if array.dtype.kind not in "bfiu" or not np.isin(array, (0, 1)).all() or not array.size:
            raise must_be_type("mask", rule, self.mask)
        object.__setattr__(self, "mask", _nested(array.astype(np.int8).tolist()))

    def check(self, shape: tuple[int, ...], dtype: str) -> None:
        self.init.check(shape, dtype)
        own = np.shape(self.mask)
        missing = len(shape) - len(own)
        if missing < 0 or any(n not in (1, m) for n, m in zip(own, shape[missing:], strict=True)):
            raise must("mask", f"must broadcast to the shape {shape}", own)

    def edited(self, shape: tuple[int, ...]) -> tuple[float, float]:
        return 1.0 - float(np.mean(self.mask)), 0.0

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


def _where(library: Library, mask: Any, one: Any, other: Any, target: Target) -> Any:
    """``where``, by way of float32 for formats of one byte, which libraries hardly compute with."""
    form = FORMATS.get(target.dtype)
    if form is None or form.itemsize > 1:
        return library.xp.where(mask, one, other)
    wide = [library.cast(each, "float32") for each in (one, other)]
    return library.cast(library.xp.where(mask, *wide), target.dtype)


def _nested(value: Any) -> Any:
    return tuple(map(_nested, value)) if isinstance(value, list) else value
