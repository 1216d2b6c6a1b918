"""What every initializer is: a value that says what it does, and does it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from agnostic_init.arrays.dtypes import name_of
from agnostic_init.arrays.errors import must, must_be_type
from agnostic_init.arrays.library import Library
from agnostic_init.arrays.out import check_out
from agnostic_init.arrays.target import Target, resolve
from agnostic_init.arrays.untraced import untraced
from agnostic_init.bits.block import Block, block, checked_shape
from agnostic_init.bits.key import Key
from agnostic_init.bits.key import key as make_key
from agnostic_init.draws.make import fill, make
from agnostic_init.draws.record import Draw

if TYPE_CHECKING:
    from agnostic_init.initializers.description import Description

__all__ = ["Drawn", "Initializer"]


class Initializer:
    """An initializer: a frozen, hashable, comparable value.

    A subclass is a frozen dataclass, whose name and fields are what `to_dict` and ``repr`` show. It
    gives `_make` and `_fill`, or, as an elementwise one that is drawn, inherits them of `Drawn`.
    """

    elementwise: ClassVar[bool] = True
    needs_key: ClassVar[bool] = True

    @untraced
    def __call__(
        self,
        shape: Any,
        *,
        key: Any = None,
        like: Any = None,
        xp: Any = None,
        dtype: Any = None,
        device: Any = None,
        index: Any = None,
    ) -> Any:
        """Make a new array.

        Parameters
        ----------
        shape
            The global shape, which fans are computed from: an integer or a sequence of them.
        key
            A `Key`, or anything that `agnostic_init.key` takes. There is no default, but constant
            initializers need none.
        like
            An array whose library, dtype and device the new one takes; of JAX, the sharding too,
            where that fits the shape, and else the array is whole on all of its devices.
        xp
            The array library, where there is no `like`; NumPy where there is neither.
        dtype, device
            Override those of `like`; float32 and the library's default device by default.
        index
            Make only the block of the global array that this basic index selects.

        Returns
        -------
        array
            Of the global shape, or of the block's.
        """
        lengths = checked_shape(shape)
        part = block(lengths, index)
        target = resolve(like, xp, dtype, device, part.shape)
        with target.library.on(target.device):
            return self._make(lengths, self._key(key), part, target)

    @untraced
    def fill(
        self, out: Any, *, key: Any = None, index: Any = None, global_shape: Any = None
    ) -> Any:
        """Write an array in place.

        Parameters
        ----------
        out
            The array, of any memory order and of the dtype that is wanted.
        key
            As in a call.
        index, global_shape
            Where `out` is a block of a larger array: that array's shape, and the index of the block.

        Returns
        -------
        array
            `out`.
        """
        if index is not None and global_shape is None:
            raise must("global_shape", "must be given together with `index`", None)
        library = check_out(out)
        lengths = checked_shape(tuple(out.shape) if global_shape is None else global_shape)
        part = block(lengths, index)
        if tuple(out.shape) != part.shape:
            raise must("out", f"must have the shape {part.shape}", tuple(out.shape))
        with library.on(library.device_of(out)):
            self._write(lengths, self._key(key), part, out, library)
        return out

    def describe(self, shape: Any, dtype: Any = "float32") -> Description:
        """Say what an array of this shape would be filled with; nothing is allocated.

        Parameters
        ----------
        shape
            The global shape.
        dtype
            A dtype of any library, or its name.

        Returns
        -------
        Description
            Of the distribution, its mean, std and bounds, the fans, elements and bytes.
        """
        from agnostic_init.initializers.description import Description

        name = name_of(dtype)
        lengths = checked_shape(shape)
        self._check(lengths, name)
        return Description(
            initializer=repr(self),
            shape=lengths,
            dtype=name,
            elements=math.prod(lengths),
            elementwise=self.elementwise,
            **self._statistics(lengths, name),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the name and the parameters, of types that JSON and TOML can hold.

        Infinities and NaN, which are no numbers in JSON, are "inf", "-inf" and "nan".
        """
        return {"name": type(self).__name__} | {
            field.name: _plain(getattr(self, field.name))
            for field in dataclasses.fields(self)  # type: ignore[arg-type]
            if getattr(self, field.name) is not None
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Make the initializer of a dictionary that `to_dict` has made."""
        from agnostic_init.initializers.registry import build

        given: Any = data
        if not isinstance(given, Mapping):
            hint = f"{{'name': {cls.__name__!r}}}"
            raise must_be_type("data", "must be a dictionary with a name", given, hint)
        made = build(given)
        if not isinstance(made, cls):
            raise must("data", f"must describe a {cls.__name__}", dict(data))
        return made

    def __repr__(self) -> str:
        shown = ", ".join(
            f"{field.name}={getattr(self, field.name)!r}"
            for field in dataclasses.fields(self)  # type: ignore[arg-type]
            if getattr(self, field.name) is not None
        )
        return f"{type(self).__name__}({shown})"

    def _key(self, key: Any) -> Key | None:
        if key is not None:
            return make_key(key)
        if self.needs_key:
            raise must_be_type(
                "key",
                f"must be given, as {type(self).__name__} is random",
                None,
                "key=0, or key=ai.key('a name')",
            )
        return None

    def _check(self, shape: tuple[int, ...], dtype: str) -> None:
        """Raise if no array of this shape and dtype can be made; called before any is allocated."""

    def _make(self, shape: tuple[int, ...], key: Key | None, part: Block, target: Target) -> Any:
        raise NotImplementedError

    def _write(
        self, shape: tuple[int, ...], key: Key | None, part: Block, out: Any, library: Library
    ) -> None:
        """Write what this process has of an array; the only place that knows of parts."""
        for view, index in library.parts(out):
            self._fill(shape, key, part if index is None else part.part(index), view, library)
        library.written(out)

    def _fill(
        self, shape: tuple[int, ...], key: Key | None, part: Block, out: Any, library: Library
    ) -> None:
        """Write by way of a new array; overridden where it can be written directly."""
        dtype = library.dtype_name(out.dtype)
        target = Target(library, dtype, library.device_of(out), out)
        library.write(out, self._make(shape, key, part, target))

    def _together(self, shape: tuple[int, ...], dtype: str, library: Library, device: Any) -> int:
        """How many arrays of one shape are best made at once there; 1 where nothing is gained."""
        return 1

    def _make_several(self, shape: tuple[int, ...], keys: list[Key], target: Target) -> list[Any]:
        """Arrays of one shape, of a key each; overridden together with `_together`."""
        return [self._make(shape, key, block(shape), target) for key in keys]

    def _fill_several(
        self, shape: tuple[int, ...], keys: list[Key], outs: list[Any], library: Library
    ) -> None:
        """Write arrays of one shape and dtype, of a key each."""
        for key, out in zip(keys, outs, strict=True):
            self._fill(shape, key, block(shape), out, library)

    def _statistics(self, shape: tuple[int, ...], dtype: str) -> dict[str, Any]:
        """What `describe` says beyond the shape: the optional fields of a `Description`."""
        raise NotImplementedError


class Drawn(Initializer):
    """An elementwise initializer of independent draws."""

    def _draw(self, shape: tuple[int, ...], dtype: str) -> Draw:
        """The draw for an array of that global shape."""
        raise NotImplementedError

    def _check(self, shape: tuple[int, ...], dtype: str) -> None:
        self._draw(shape, dtype)

    def _make(self, shape: tuple[int, ...], key: Key | None, part: Block, target: Target) -> Any:
        assert key is not None
        return make(self._draw(shape, target.dtype), key, part, target)

    def _fill(
        self, shape: tuple[int, ...], key: Key | None, part: Block, out: Any, library: Library
    ) -> None:
        assert key is not None
        draw = self._draw(shape, library.dtype_name(out.dtype))
        fill(draw, key, part, out, library)


def _plain(value: Any) -> Any:
    from agnostic_init.initializers.constant_values import ArrayValue

    if isinstance(value, ArrayValue):
        nested = value.array.tolist()
        return nested if value.finite and value.dtype != "complex128" else _plain(nested)
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    if isinstance(value, Initializer):
        return value.to_dict()
    if isinstance(value, complex):
        return {"real": _plain(value.real), "imag": _plain(value.imag)}
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
