"""Constants: zeros, ones, and any value or array that broadcasts."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from agnostic_init.arrays.dtypes import DTYPES
from agnostic_init.arrays.errors import must
from agnostic_init.arrays.values import Value
from agnostic_init.initializers.blocks import Blockwise
from agnostic_init.initializers.constant_values import (
    ArrayValue,
    Number,
    array_of,
    check_holds,
)

if TYPE_CHECKING:
    from agnostic_init.arrays.library import Library
    from agnostic_init.arrays.target import Target
    from agnostic_init.bits.block import Block
    from agnostic_init.bits.key import Key

__all__ = ["constant", "ones", "zeros"]

SINGLE = 24  # bits of a float32
SEVERAL_NANS = ("float16", "bfloat16", "float8_e5m2")


class _Constant(Blockwise):
    """A value that needs no key."""

    needs_key: ClassVar[bool] = False

    def content(self) -> Number | ArrayValue:
        raise NotImplementedError

    def check(self, shape: tuple[int, ...], dtype: str) -> None:
        value = self.content()
        check_holds(value, dtype)
        if isinstance(value, ArrayValue):
            missing = len(shape) - len(value.shape)
            if missing < 0 or any(
                own not in (1, length)
                for own, length in zip(value.shape, shape[missing:], strict=True)
            ):
                rule = f"must broadcast to the shape {shape}"
                raise must("value", rule, value.shape, "another shape")

    def number(self, dtype: str) -> float | None:
        number = _number(self, dtype)
        return number if type(number) is float else None

    def make(self, shape: tuple[int, ...], key: Key | None, part: Block, target: Target) -> Any:
        if target.library.lazy:
            return super().make(shape, key, part, target)
        return self.make_block(shape, key, part, target)

    def make_block(
        self, shape: tuple[int, ...], key: Key | None, part: Block, target: Target
    ) -> Any:
        library, number = target.library, _number(self, target.dtype)
        if number is not None:
            dtype = library.dtype(target.dtype)
            return library.xp.full(part.shape, number, dtype=dtype, device=target.device)
        self.check(shape, target.dtype)
        value, row = self.content(), DTYPES[target.dtype]
        host = _part(value.array if isinstance(value, ArrayValue) else np.asarray(value), part)
        if row.is_integer:  # not by way of floats that the library may round
            host = host.astype(row.name if row.name == row.storage else np.int64)
        elif row.compute == "float32":  # as some devices have no other
            with np.errstate(all="ignore"):
                host = host.astype(np.complex64 if row.is_complex else np.float32)
        wide = library.from_host(np.asarray(host, order="C"), target.device)
        made = library.cast(wide, target.dtype)
        return library.with_one_nan(made) if target.dtype in SEVERAL_NANS else made

    def write(self, key: Key | None, part: Block, out: Any, library: Library) -> None:
        number = _number(self, library.dtype_name(out.dtype))
        if number is None:
            super().write(key, part, out, library)
        else:
            library.write_scalar(out, number)

    def statistics(self, shape: tuple[int, ...], dtype: str) -> dict[str, Any]:
        value = self.content()
        if not isinstance(value, ArrayValue):
            if isinstance(value, complex):
                return {"distribution": "constant", "mean": value, "std": 0.0}
            number = float(value)
            known = {"mean": number, "std": 0.0, "low": number, "high": number}
            return {"distribution": "constant"} | known
        array = value.array
        with np.errstate(all="ignore"):
            mean, std = array.mean().item(), float(array.std())
        known = {"mean": mean, "std": std} if math.isfinite(std) else {}
        if not np.iscomplexobj(array):
            known |= {"low": float(array.min()), "high": float(array.max())}
        return {"distribution": "constant"} | known


class zeros(_Constant, Value):
    """Zeros.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.zeros()((2,))
    array([0., 0.], dtype=float32)
    """

    def multiplied(self, factor: float) -> zeros:
        return self

    def content(self) -> Number | ArrayValue:
        return 0.0


class ones(_Constant, Value):
    """Ones.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.ones()((2,))
    array([1., 1.], dtype=float32)
    """

    def multiplied(self, factor: float) -> constant:
        return constant(factor)

    def content(self) -> Number | ArrayValue:
        return 1.0


class constant(_Constant, Value):
    """A constant, or an array that is broadcast to the shape.

    Parameters
    ----------
    value
        A number (NaN is allowed, to see what is never overwritten), or an array or nested sequence
        of numbers whose shape broadcasts to the shape that is asked for. Integers stay exact.

    Raises
    ------
    ParameterError
        If the array does not broadcast to the shape, or the dtype cannot hold a value: integers
        out of its range, fractions in an integer dtype, and numbers beyond the largest float.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.constant([1.0, 2.0])((2, 2))
    array([[1., 2.],
           [1., 2.]], dtype=float32)
    """

    value: Any

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", _canonical(self.value))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, constant) and self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash((constant, self._identity()))

    def _identity(self) -> Any:
        """By which NaN is itself, and -0.0 is not 0.0."""
        return self.value if isinstance(self.value, ArrayValue) else repr(self.value)

    def multiplied(self, factor: float) -> constant:
        from agnostic_init.initializers.multiplied import product

        value = self.content()
        return constant(
            product("value", value.array if isinstance(value, ArrayValue) else value, factor)
        )

    def content(self) -> Number | ArrayValue:
        value: Number | ArrayValue = self.value
        return value


@functools.lru_cache(maxsize=256)
def _number(init: _Constant, dtype: str) -> Any:
    """The one number that an array of the dtype is filled with; None where there are several."""
    value = init.content()
    if isinstance(value, ArrayValue):
        return None
    check_holds(value, dtype)
    if dtype in SEVERAL_NANS and isinstance(value, float) and math.isnan(value):
        return None
    return _plain(value, dtype)


def _canonical(value: Any) -> Number | ArrayValue:
    """Integers as floats where those are exact, so that 1 and 1.0 are the same value."""
    if isinstance(value, ArrayValue):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return _as_float(int(value))
    array = array_of(value)
    if array.ndim:
        return ArrayValue.of(array)
    if array.dtype.kind in "iu":
        return _as_float(int(array))
    if array.dtype.kind == "c":
        return complex(array)
    return math.nan if np.isnan(array) else float(array)


def _as_float(number: int) -> Number:
    try:
        near = float(number)
    except OverflowError:
        largest = DTYPES["float64"].max
        raise must("value", f"must be at most {largest:g} in magnitude", number) from None
    return near if int(near) == number else number


def _plain(value: Number, dtype: str) -> Any:
    """The number as Python's own for the dtype, which every library takes without rounding.

    Below 32 bits it is the float32, rounded once more, as all values are.
    """
    row = DTYPES[dtype]
    if row.is_integer:
        return bool(value) if dtype == "bool" else int(value.real)
    if isinstance(value, complex):
        return value
    number = float(value)
    return row.nearest(DTYPES["float32"].nearest(number)) if row.precision < SINGLE else number


def _part(array: Any, part: Block) -> Any:
    """The block of the array, broadcast to the global shape, of which nothing else is made."""
    missing = len(part.counts) - array.ndim
    index = []
    for length, start, step, count in zip(
        array.shape, part.starts[missing:], part.steps[missing:], part.counts[missing:], strict=True
    ):
        stop = start + step * count
        many = length != 1 and count
        index.append(slice(start, stop if stop >= 0 else None, step) if many else slice(count))
    found = np.broadcast_to(array[tuple(index)], part.counts)
    return found[tuple(0 if drop else slice(None) for drop in part.dropped)]
