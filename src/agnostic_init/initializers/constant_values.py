"""The values of constants: arrays that are frozen and hashable, and what a dtype can hold."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np

from agnostic_init.arrays.dtypes import DTYPES, FORMATS
from agnostic_init.arrays.errors import must, must_be_type
from agnostic_init.arrays.target import check_readable, library_of
from agnostic_init.arrays.values import Value

__all__ = ["ArrayValue", "Number", "array_of", "check_holds"]

Number = complex | int  # or float, which complex includes
EXACT = 2**53  # no integer up to this is rounded as a float
SHOWN = 1000  # numbers, as NumPy prints
RULE = "must be a number or an array of numbers"


class ArrayValue(Value):
    """The numbers of an array.

    Attributes
    ----------
    data
        Their bytes, in row-major order.
    dtype
        Float64, complex128, or int64 or uint64 where a float64 would round an integer.
    shape
        Of the array.
    """

    data: bytes
    dtype: str
    shape: tuple[int, ...]

    @classmethod
    def of(cls, array: Any) -> ArrayValue:
        """The value of a NumPy array; the same for the same numbers in another dtype."""
        if array.dtype.kind in "iu" and int(array.max()) <= EXACT and int(array.min()) >= -EXACT:
            array = array.astype(np.float64)
        elif array.dtype.kind in "iu":
            array = array.astype(np.int64 if int(array.max()) < 2**63 else np.uint64)
        else:
            with np.errstate(invalid="ignore"):  # which some codes of NaN are
                array = array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)
            # Of all the bits that mean NaN, the ones that a text is read as.
            for part in (array.real, array.imag) if array.dtype.kind == "c" else (array,):
                part[np.isnan(part)] = np.nan
        return cls(array.tobytes(), array.dtype.name, array.shape)

    @functools.cached_property
    def array(self) -> Any:
        """A read-only NumPy array of them."""
        return np.frombuffer(self.data, self.dtype).reshape(self.shape)

    @functools.cached_property
    def parts(self) -> Any:
        """The numbers as reals: of a complex one both parts."""
        return self.array.view(np.float64) if self.dtype == "complex128" else self.array

    @functools.cached_property
    def finite(self) -> bool:
        """Whether none is infinite or NaN."""
        return bool(np.isfinite(self.parts).all())

    @functools.cached_property
    def infinite(self) -> bool:
        """Whether any is infinite."""
        return not self.finite and bool(np.isinf(self.parts).any())

    @functools.cached_property
    def nan(self) -> bool:
        """Whether any is NaN."""
        return not self.finite and bool(np.isnan(self.parts).any())

    @functools.cached_property
    def integral(self) -> bool:
        """Whether all are integers."""
        return self.finite and bool((self.parts == np.floor(self.parts)).all())

    @functools.cached_property
    def extremes(self) -> tuple[Any, Any]:
        """The least and the greatest finite number, as Python's; NaN where there is none."""
        found = self.parts[np.isfinite(self.parts)]
        return (found.min().item(), found.max().item()) if found.size else (math.nan, math.nan)

    @property
    def shown(self) -> bool:
        """Whether there are so few that they are all printed."""
        return bool(self.array.size <= SHOWN)

    def __reduce__(self) -> tuple[Any, ...]:
        return ArrayValue, (self.data, self.dtype, self.shape)  # and nothing that is cached

    def __repr__(self) -> str:
        if self.shown:
            return repr(self.array.tolist())
        return f"<array of shape {self.shape}, {self.dtype}>"


def array_of(value: Any) -> Any:
    """The numbers as a NumPy array of a dtype of its own, from an array of any library."""
    check_readable("value", RULE, value)
    try:
        found = np.asarray(value)
    except (TypeError, ValueError, RuntimeError):  # NumPy cannot read all that torch has
        found = None
    if found is None or found.dtype.kind not in "fciu":
        found = _through_library(value)
    if found is None or found.size == 0:
        raise must_be_type("value", RULE, value)
    if np.any(getattr(value, "mask", False)):
        raise must("value", "must have no masked numbers", value, "value.filled(0.0)")
    if found.dtype.kind in "fc" and found.dtype.itemsize > (8 if found.dtype.kind == "f" else 16):
        found = _narrowed(found)
    if isinstance(value, (list, tuple)) and found.dtype.kind == "f" and abs(found).max() >= EXACT:
        found = _exactly(value, found)
    return found


def _narrowed(wide: Any) -> Any:
    """The numbers of an extended format in that of Python, or an error where one has no place there."""
    with np.errstate(all="ignore"):
        narrow = wide.astype(np.float64 if wide.dtype.kind == "f" else np.complex128)
    if not (np.isfinite(narrow) == np.isfinite(wide)).all():
        raise must("value", "must be within the range of a float", wide)
    return narrow


def _exactly(value: Any, rounded: Any) -> Any:
    """The integers of nested sequences that NumPy has made floats of, as some are above 2^63."""
    known = np.asarray(value, dtype=object)
    if not all(isinstance(each, int) for each in known.flat):
        return rounded
    for dtype in (np.int64, np.uint64):
        with suppress(OverflowError):
            return known.astype(dtype)
    return rounded


def _through_library(value: Any) -> Any:
    try:
        library = library_of(value)
        name = library.dtype_name(value.dtype)
        form = FORMATS.get(name)
        if form is not None:
            wide = name if form.is_complex else form.compute
        elif "int" in name:
            wide = "int64"
        else:
            return None
        return np.asarray(library.to_host(library.cast(value, wide)))
    except (TypeError, ValueError, RuntimeError):
        return None


def check_holds(value: Number | ArrayValue, dtype: str, name: str = "value") -> None:
    """Raise if the dtype cannot hold a value, which is the parameter of that name."""
    row = DTYPES.get(dtype)
    if row is None:
        raise must("dtype", "must be a dtype of numbers", dtype, "dtype='float32'")
    about = value if isinstance(value, ArrayValue) else _Scalar(value)
    if about.dtype == "complex128" and not row.is_complex:
        raise must(name, f"must be real for dtype {dtype}", value)
    if row.is_integer and not about.integral:
        raise must(name, f"must be an integer for dtype {dtype}", value)
    low, high = about.extremes
    if low < row.least or high > row.max:
        worst = _shown(low if low < row.least else high)
        if row.is_integer:
            raise must(name, f"must be from {row.least} to {row.max} for dtype {dtype}", worst)
        if row.least > 0:
            hint = "a dtype that has zeros and signs"
            raise must(name, f"must be positive for dtype {dtype}", worst, hint)
        raise must(name, f"must be at most {row.max:g}, the largest {dtype}", worst)
    if not row.is_integer and not row.has_infinity and about.infinite:
        rule = "finite or NaN" if row.has_nan else "finite"
        raise must(name, f"must be {rule} for dtype {dtype}", value)
    if not row.is_integer and not row.has_nan and about.nan:
        raise must(name, f"must be finite for dtype {dtype}, which has no NaN", value)


class _Scalar(Value):
    """A number, seen as an `ArrayValue` is."""

    value: Number

    @property
    def dtype(self) -> str:
        return "complex128" if isinstance(self.value, complex) else "float64"

    @property
    def infinite(self) -> bool:
        return not isinstance(self.value, int) and _either(math.isinf, self.value)

    @property
    def nan(self) -> bool:
        return not isinstance(self.value, int) and _either(math.isnan, self.value)

    @property
    def integral(self) -> bool:
        return isinstance(self.value, int) or self.value.real.is_integer()

    @property
    def extremes(self) -> tuple[Any, Any]:
        number: Any = self.value
        parts = (number.real, number.imag) if isinstance(number, complex) else (number,)
        finite = [x for x in parts if isinstance(x, int) or math.isfinite(x)]
        return (min(finite), max(finite)) if finite else (math.nan, math.nan)


def _shown(number: Any) -> Any:
    """An integer as it was written."""
    return int(number) if number == int(number) and abs(number) < 1e15 else number


def _either(of: Callable[[float], bool], number: complex) -> bool:
    """Whether it is so of a number's real part or its imaginary one; without cmath, a library to load."""
    return of(number.real) or of(number.imag)
