"""What every initializer is: a value that says what it does, and does it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from agnostic_init.arrays.errors import Wording, must, must_be_type
from agnostic_init.arrays.untraced import untraced
from agnostic_init.draws.record import Draw, draw_of

if TYPE_CHECKING:
    from agnostic_init.arrays.library import Library
    from agnostic_init.arrays.target import Target
    from agnostic_init.bits.block import Block
    from agnostic_init.bits.key import Key
    from agnostic_init.initializers.description import Description

__all__ = ["Initializer"]


class Initializer:
    """An initializer: a frozen, hashable, comparable value.

    To write one of your own, see `CustomInitializer`, and `from_function` for the short form; to
    annotate what takes any, `agnostic_init.typing.Initializer`.

    A subclass of this one is a frozen dataclass, whose name and fields are what `to_dict` and
    ``repr`` show. It gives `draw`, where every element is an independent draw, or else `make`, and
    what `describe` shows by `statistics`. What these return depends on their arguments and the
    fields alone.

    Attributes
    ----------
    elementwise
        Whether every element is a function of its position alone.
    needs_key
        Whether values are random.
    linear
        Fields that all values are proportional to, where `times` multiplies these alone.
    """

    elementwise: ClassVar[bool] = True
    needs_key: ClassVar[bool] = True
    linear: ClassVar[tuple[str, ...]] = ()

    @untraced
    def __call__(
        self,
        shape: Any,
        *others: Any,
        key: Any = None,
        like: Any = None,
        xp: Any = None,
        dtype: Any = None,
        device: Any = None,
        index: Any = None,
        chunks: Any = None,
    ) -> Any:
        """Make a new array.

        Flax and others on JAX call what they are given as ``init(key, shape, dtype)``: so called,
        with a key of JAX, it makes an array of JAX's.

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
        chunks
            Of an array of Dask's: a size, sizes for each axis, or "auto", as Dask takes them. Values
            do not depend on them. By default those of a `like` of this shape, or automatic ones.
        *others
            Of a call as above, where `shape` is the key: the shape, dtype and sharding.

        Returns
        -------
        array
            Of the global shape, or of the block's.
        """
        if others:
            from agnostic_init.initializers.jax_call import of_jax_call

            names = ("key", "like", "xp", "dtype", "device", "index", "chunks")
            values = (key, like, xp, dtype, device, index, chunks)
            named = {n: v for n, v in zip(names, values, strict=True) if v is not None}
            return self(**of_jax_call(shape, others, named))
        # What makes arrays is imported here and below when the first is made: a tree of parameters
        # is filled without.
        from agnostic_init.initializers.making import called

        return called(self, shape, key, like, xp, dtype, device, index, chunks)

    @untraced
    def fill(
        self, out: Any, *, key: Any = None, index: Any = None, global_shape: Any = None
    ) -> Any:
        """Write an array in place.

        Parameters
        ----------
        out
            The array, of any memory order and of the dtype that is wanted. Of a masked array all
            elements are written, and the mask stays as it is.
        key
            As in a call.
        index, global_shape
            Where `out` is a block of a larger array: that array's shape, and the index of the block.

        Returns
        -------
        array
            `out`.

        Raises
        ------
        ParameterError, ParameterTypeError
            If `out` would not keep what is written: it has no memory, or was computed from what
            was meant, or others decide about its elements. The message says what to write instead.
        """
        from agnostic_init.initializers.making import filled

        return filled(self, out, key, index, global_shape)

    def times(self, factor: float) -> Initializer:
        """The initializer of the same values, multiplied by a positive number.

        What is known by its parameters stays so: a normal times 0.5 is one of half the mean and
        std, and rounded once.

        Parameters
        ----------
        factor
            A positive number.

        Examples
        --------
        >>> import agnostic_init as ai
        >>> ai.normal(std=0.5).times(0.5)
        normal(mean=0.0, std=0.25)
        """
        from agnostic_init.initializers.multiplied import checked_factor

        number = checked_factor(factor)
        return self if number == 1.0 else self.multiplied(number)

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
        from agnostic_init.arrays.dtype_names import name_of
        from agnostic_init.bits.block import checked_shape
        from agnostic_init.initializers.description import Description

        name = name_of(dtype)
        lengths = checked_shape(shape)
        self.check(lengths, name)
        return Description(
            initializer=repr(self),
            shape=lengths,
            dtype=name,
            elements=math.prod(lengths),
            elementwise=self.elementwise,
            **self.statistics(lengths, name),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the name and the parameters, of types that JSON and TOML can hold.

        Infinities and NaN, which are no numbers in JSON, are "inf", "-inf" and "nan".
        """
        from agnostic_init.initializers.registry import name_of
        from agnostic_init.initializers.written import as_plain

        return {"name": name_of(type(self))} | {
            name: as_plain(getattr(self, name))
            for name in _names_of(self)
            if getattr(self, name) is not None
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
        from agnostic_init.initializers.written import as_code

        shown = ", ".join(
            f"{name}={as_code(getattr(self, name))}"
            for name in _names_of(self)
            if getattr(self, name) is not None
        )
        return f"{type(self).__name__}({shown})"

    # What a subclass gives. Shapes are those of global arrays, and dtypes are names.

    def check(self, shape: tuple[int, ...], dtype: str) -> None:
        """Raise if no array of this shape and dtype can be made; called before any is allocated."""
        draw_of(self, shape, dtype)

    def draw(self, shape: tuple[int, ...], dtype: str) -> Draw | None:
        """The draw that every element of such an array is; None where it is more than one."""
        return None

    def number(self, dtype: str) -> float | None:
        """The real number that every element of such arrays is; None where they differ, or it is another."""
        return None

    def multiplied(self, factor: float) -> Initializer:
        """The initializer of the same values times a positive number that is not 1."""
        from agnostic_init.initializers.multiplied import by_fields
        from agnostic_init.initializers.registry import factory_of

        if not self.linear:
            return factory_of("scaled")(self, factor)
        made: Initializer = by_fields(self, factor, self.linear)
        return made

    def make(self, shape: tuple[int, ...], key: Key | None, part: Block, target: Target) -> Any:
        """A new array: a block of the global one."""
        from agnostic_init.initializers.making import made

        return made(self, shape, key, part, target)

    def write(self, key: Key | None, part: Block, out: Any, library: Library) -> None:
        """Write an array that exists: a block of the global one; by way of a new one where it must."""
        from agnostic_init.initializers.making import written

        written(self, key, part, out, library)

    def statistics(self, shape: tuple[int, ...], dtype: str) -> dict[str, Any]:
        """What `describe` says beyond the shape: the optional fields of a `Description`."""
        return {"distribution": type(self).__name__}

    def together(self, shape: tuple[int, ...], dtype: str, library: Library, device: Any) -> int:
        """How many arrays of one shape are best made at once there; 1 where nothing is gained."""
        return 1

    def make_several(self, shape: tuple[int, ...], keys: list[Key], target: Target) -> list[Any]:
        """Arrays of one shape, of a key each; overridden together with `together`."""
        from agnostic_init.bits.block import block

        return [self.make(shape, key, block(shape), target) for key in keys]

    def write_several(
        self, shape: tuple[int, ...], keys: list[Key], outs: list[Any], library: Library
    ) -> None:
        """Write arrays of one shape and dtype, of a key each."""
        from agnostic_init.bits.block import block

        for key, out in zip(keys, outs, strict=True):
            self.write(key, block(shape), out, library)

    def write_parts(self, key: Key | None, part: Block, out: Any, library: Library) -> None:
        """Write what this process has of an array; the only place that knows of parts."""
        if library.devices:
            with library.on(library.device_of(out)):
                self.write(key, part, out, library)
            return
        inner = library.of_parts
        if not self.elementwise and (inner is not None or library.cut(out) is not None):
            from agnostic_init.initializers.pieces import write_together

            if write_together(self, key, part, out, library):
                return
        for view, index in library.parts(out):
            place = part if index is None else part.part(index)
            if inner is None:
                self.write(key, place, view, library)
            else:
                self.write_parts(key, place, view, inner)
        library.written(out)


def _names_of(init: Initializer) -> list[str]:
    """The names of its fields."""
    import dataclasses

    known: Any = init
    if not dataclasses.is_dataclass(known):
        rule = "must be a subclass of CustomInitializer, or a frozen dataclass"
        raise must_be_type(type(init).__name__, rule, Wording("a class that is neither"))
    return [field.name for field in dataclasses.fields(known)]
