"""Drawing with the keys of JAX, which may be traced, into arrays of any sharding."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from agnostic_init.arrays.dtypes import DTYPES, format_of
from agnostic_init.arrays.errors import must, must_be_type
from agnostic_init.arrays.generators import words_of_jax
from agnostic_init.arrays.libraries.jax import tracing
from agnostic_init.arrays.numbers import as_integer, real_number
from agnostic_init.arrays.target import check_readable, resolve
from agnostic_init.bits.block import block, checked_shape
from agnostic_init.bits.jax_key import TracedKey, as_words, is_traced, traced
from agnostic_init.bits.key import Key
from agnostic_init.draws.make import make
from agnostic_init.draws.record import Draw
from agnostic_init.initializers.constant_values import ArrayValue

__all__ = [
    "UNSET",
    "Factory",
    "axes_of",
    "axis_of",
    "check_broadcasts",
    "check_factor",
    "checked",
    "drawn",
    "is_number",
    "key_of",
    "number_of",
    "placed",
    "scaled",
]


class _Unset:
    def __repr__(self) -> str:
        return "the initializer's own"


UNSET = _Unset()
DrawOf = Callable[[float, str], Draw]


class Factory:
    """What is made once and called with keys: a frozen dataclass of parameters and a dtype."""

    factor: ClassVar[str] = ""  # the parameter that may be an array, which broadcasts to the shape
    dtype: Any

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            if isinstance(value, (jax.Array, np.ndarray)) and not is_traced(value):
                check_readable(field.name, "must have values", value)
                # An array has no hash, and may be written later.
                known = value.item() if value.ndim == 0 else ArrayValue.of(np.asarray(value))
                object.__setattr__(self, field.name, known)
        if self.dtype is not None:
            _check_dtype(self.dtype)

    def _checked(self, shape: Any, dtype: Any) -> tuple[tuple[int, ...], Any]:
        lengths, kind = checked(shape, self.dtype if dtype is UNSET else dtype)
        if self.factor:
            check_broadcasts(self.factor, getattr(self, self.factor), lengths)
        return lengths, kind


def check_broadcasts(name: str, value: Any, shape: tuple[int, ...]) -> None:
    """Raise unless a parameter is a number, or an array that broadcasts to a shape."""
    own = tuple(np.shape(number_of(value)))
    missing = len(shape) - len(own)
    if missing < 0 or any(n not in (1, m) for n, m in zip(own, shape[missing:], strict=True)):
        raise must(name, f"must broadcast to the shape {shape}", own, "another shape")


def axis_of(name: str, axis: int, shape: tuple[int, ...]) -> int:
    """An axis of a shape, counted from the first; a negative one is counted from the last."""
    if not -len(shape) <= axis < len(shape):
        raise must(name, f"must be an axis of the shape {shape}", axis)
    return axis % len(shape)


def axes_of(name: str, value: Any) -> int | tuple[int, ...]:
    """An axis, or several, as JAX's factories take them."""
    if (axis := as_integer(value)) is not None:
        return axis
    axes = value if isinstance(value, Iterable) and not isinstance(value, (str, bytes)) else (None,)
    found = tuple(map(as_integer, axes))
    if None in found:
        raise must_be_type(name, "must be an integer or a sequence of integers", value)
    return tuple(axis for axis in found if axis is not None)


def _check_dtype(dtype: Any) -> None:
    try:
        known = jnp.dtype(dtype).name in DTYPES
    except (TypeError, ValueError):
        known = False
    if not known:
        raise must_be_type("dtype", "must be a dtype of JAX, or None", dtype)


def checked(shape: Any, dtype: Any) -> tuple[tuple[int, ...], Any]:
    """A shape as a tuple, and the dtype that JAX makes of one: of None its default float."""
    if dtype is not None:
        _check_dtype(dtype)
    # JAX's own creation decides, as it knows of x64 and warns where it does not follow.
    return checked_shape(shape), jnp.empty((0,), dtype).dtype  # no device: never kept


def scaled(
    draw_of: DrawOf, factor: Any, key: Any, shape: tuple[int, ...], dtype: Any, out_sharding: Any
) -> Any:
    """Draws with a factor; one that is traced, an array or zero is multiplied with."""
    name = str(dtype.name)
    if is_number(factor) and factor:
        draw = draw_of(abs(float(factor)), name)
        made = drawn(draw, key, shape, out_sharding)
        return made if factor > 0 else -made
    if not is_traced(factor) and np.any(number_of(factor)):
        draw_of(
            float(np.max(np.abs(number_of(factor)))), name
        )  # which is refused where it is too large
    wide = name if format_of(name).is_complex else format_of(name).compute
    unit = drawn(draw_of(1.0, wide), key, shape, out_sharding)
    return (unit * jnp.asarray(number_of(factor), unit.dtype)).astype(dtype)


def drawn(draw: Draw, key: Any, shape: tuple[int, ...], out_sharding: Any) -> Any:
    """The draw's values for a key of JAX."""
    stream = key_of(key)
    if out_sharding is not None and stream.known and not tracing():
        return _program(draw, shape, _named(out_sharding))(*as_words(stream))
    place = resolve(xp=jnp, dtype=draw.dtype)
    return placed(make(draw, stream, block(shape), place), out_sharding)


def key_of(key: Any) -> Key:
    """The key of the 64 bits that are drawn of a key of JAX."""
    low, high = words_of_jax(key)
    return traced((low, high)) if is_traced(low) else Key(int(high) << 32 | int(low))


def is_number(value: Any) -> bool:
    """Whether a parameter is one number that is known: not traced, and no array of several."""
    return not is_traced(value) and np.ndim(number_of(value)) == 0


def number_of(value: Any) -> Any:
    """A parameter as JAX computes with it."""
    return value.array if isinstance(value, ArrayValue) else value


def check_factor(name: str, value: Any) -> None:
    """Raise unless a parameter is a finite number, an array of them, or traced."""
    if is_traced(value):
        return
    if isinstance(value, ArrayValue):
        if value.array.dtype.kind not in "iuf" or not value.finite:
            raise must(name, "must have finite real numbers", value.array)
    else:
        real_number(name, value)


def placed(array: Any, out_sharding: Any) -> Any:
    """An array that is there already, with a sharding."""
    if out_sharding is None:
        return array
    if not tracing():
        return jax.device_put(array, _named(out_sharding))
    axis_types = getattr(_mesh(out_sharding), "axis_types", None) or ()
    if any("Explicit" in str(each) for each in axis_types):
        return jax.sharding.reshard(array, out_sharding)
    return jax.lax.with_sharding_constraint(array, out_sharding)


@functools.lru_cache(maxsize=256)
def _program(draw: Draw, shape: tuple[int, ...], sharding: Any) -> Any:
    """The values of a key's words, each computed where the sharding has it."""

    def values(seed: Any, offset: Any) -> Any:
        place = resolve(xp=jnp, dtype=draw.dtype)
        return make(draw, TracedKey(seed, offset), block(shape), place)

    return jax.jit(values, out_shardings=sharding)


def _named(out_sharding: Any) -> Any:
    if isinstance(out_sharding, jax.sharding.PartitionSpec):
        return jax.sharding.NamedSharding(jax.sharding.get_mesh(), out_sharding)
    return out_sharding


def _mesh(out_sharding: Any) -> Any:
    if isinstance(out_sharding, jax.sharding.PartitionSpec):
        return jax.sharding.get_abstract_mesh()
    return out_sharding.mesh
