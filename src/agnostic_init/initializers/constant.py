"""Constants: zeros, ones, and any value or array that broadcasts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from agnostic_init.arrays.errors import must, must_be_type
from agnostic_init.arrays.formats import FORMATS
from agnostic_init.arrays.target import Target
from agnostic_init.bits.block import Block, block
from agnostic_init.bits.key import Key
from agnostic_init.initializers.base import Initializer
from agnostic_init.initializers.registry import register

__all__ = ["constant", "ones", "zeros"]


class _Constant(Initializer):
    """A value that needs no key."""

    needs_key: ClassVar[bool] = False

    def _value(self) -> Any:
        raise NotImplementedError

    def _check(self, shape: tuple[int, ...], dtype: str) -> None:
        self._block(shape, block(shape), dtype)

    def _make(self, shape: tuple[int, ...], key: Key | None, part: Block, target: Target) -> Any:
        library, xp = target.library, target.library.xp
        value, dtype = self._block(shape, part, target.dtype), library.dtype(target.dtype)
        if np.ndim(value) == 0:
            return xp.full(part.shape, value, dtype=dtype, device=target.device)
        wide = library.from_host(np.ascontiguousarray(value), target.device)
        return library.cast(wide, target.dtype)

    def _fill(
        self, shape: tuple[int, ...], key: Key | None, part: Block, out: Any, library: Any
    ) -> None:
        value = self._block(shape, part, library.dtype_name(out.dtype))
        if np.ndim(value) == 0:
            library.write_scalar(out, value)
        else:
            super()._fill(shape, key, part, out, library)

    def _block(self, shape: tuple[int, ...], part: Block, dtype: str) -> Any:
        """A scalar, or the part of the broadcast array."""
        value = self._value()
        form = FORMATS.get(dtype)
        if np.iscomplexobj(value) and (form is None or not form.is_complex):
            raise must("value", f"must be real for dtype {dtype}", value)
        if form is not None and _largest(value) > form.max:
            raise must("value", f"must be at most {form.max:g}, the largest {dtype}", value)
        if np.ndim(value) == 0:
            return value
        try:
            whole = np.broadcast_to(value, shape)
        except ValueError:
            raise must(
                "value", f"must broadcast to the shape {shape}", np.shape(value), "another shape"
            ) from None
        return whole[part.index]

    def _statistics(self, shape: tuple[int, ...], dtype: str) -> dict[str, Any]:
        value = np.asarray(self._value())
        if np.iscomplexobj(value):
            return {"distribution": "constant", "mean": complex(value.mean())}
        return {
            "distribution": "constant",
            "mean": float(value.mean()),
            "std": float(value.std()),
            "low": float(value.min()),
            "high": float(value.max()),
        }


@register
@dataclass(frozen=True, repr=False)
class zeros(_Constant):
    """Zeros.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.zeros()((2,))
    array([0., 0.], dtype=float32)
    """

    def _value(self) -> float:
        return 0.0


@register
@dataclass(frozen=True, repr=False)
class ones(_Constant):
    """Ones.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.ones()((2,))
    array([1., 1.], dtype=float32)
    """

    def _value(self) -> float:
        return 1.0


@register
@dataclass(frozen=True, repr=False)
class constant(_Constant):
    """A constant, or an array that is broadcast to the shape.

    Parameters
    ----------
    value
        A number (NaN is allowed, to see what is never overwritten), or an array or nested sequence
        of numbers whose shape broadcasts to the shape that is asked for.

    Raises
    ------
    ParameterError
        Where the array does not broadcast, or the dtype cannot hold a value.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.constant([1.0, 2.0])((2, 2))
    array([[1., 2.],
           [1., 2.]], dtype=float32)
    """

    value: Any

    def __post_init__(self) -> None:
        try:
            array = np.asarray(self.value)
        except (TypeError, ValueError):
            array = np.asarray(None)
        if array.dtype.kind not in "fciu" or array.size == 0:
            raise must_be_type("value", "must be a number or an array of numbers", self.value)
        object.__setattr__(self, "value", _nested(array.tolist()))

    def _value(self) -> Any:
        return np.asarray(self.value) if isinstance(self.value, tuple) else self.value


def _nested(value: Any) -> Any:
    """As tuples, which can be hashed; integers as floats, so that 1 and 1.0 are the same value."""
    if isinstance(value, list):
        return tuple(_nested(item) for item in value)
    return float(value) if isinstance(value, int) else value


def _largest(value: Any) -> float:
    """The largest finite magnitude."""
    magnitude = np.abs(np.asarray(value))
    finite = magnitude[np.isfinite(magnitude)]
    return float(finite.max()) if finite.size else -math.inf
