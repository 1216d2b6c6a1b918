"""Initializers that others write: a class with three hooks, of which one is given."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, ClassVar

from agnostic_init.arrays.dtypes import FORMATS
from agnostic_init.arrays.errors import Wording, must, must_be_type
from agnostic_init.arrays.target import Target
from agnostic_init.arrays.values import Value
from agnostic_init.initializers.base import Initializer
from agnostic_init.initializers.blocks import Blockwise, Whole

if TYPE_CHECKING:
    from agnostic_init.arrays.library import Library
    from agnostic_init.bits.block import Block
    from agnostic_init.bits.key import Key
    from agnostic_init.draws.record import Draw
    from agnostic_init.initializers.description import Description

__all__ = ["CustomInitializer"]

HOOKS = ("initializer", "array", "block")


class CustomInitializer(Initializer, Value):
    """An initializer of your own: a subclass annotates its parameters, and gives one of three hooks.

    Annotated names are parameters, as those of a dataclass; no decorator is needed. Instances are
    values: frozen, compared and hashed by their parameters, which therefore must be hashable.
    `__post_init__` may check them, and replace them by ``object.__setattr__``.

    The hooks, of which a subclass gives the first that serves it:

    ``initializer(shape, dtype)``
        The initializer that makes arrays of this shape. Blocks, shards, low precision and speed
        are that one's. Where it is not elementwise, the class says ``elementwise = False``.
    ``block(shape, index, key, xp, dtype, device)``
        A new array: the block of the global array that the basic index `index` selects. Each
        element depends on its place in `shape` alone.
    ``array(shape, key, xp, dtype, device)``
        A new array of the whole shape, of which blocks and shards are cut.

    and two more:

    ``check(shape, dtype)``
        Raises if no such array can be made; nothing has been made when it is called.
    ``statistics(shape, dtype)``
        What `describe` says: a dictionary of fields of `Description`, of which ``distribution`` is
        one.

    Shapes are those of global arrays. In `block` and `array`, `key` is a `Key`, `xp` the namespace
    and `dtype` the dtype of the library, and `device` one of its devices; elsewhere dtypes are
    names. Floats of less than 32 bits are asked for as float32, and rounded once. A class whose
    values are not random says ``needs_key = False``.

    Raises
    ------
    ParameterTypeError
        If a parameter cannot be hashed, or what a hook returns is not what was asked for.

    See Also
    --------
    from_function : the same of a function.
    register : gives it a name, for rules, dictionaries and specs.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> class small_init(ai.CustomInitializer):
    ...     layout: str = "torch"
    ...
    ...     def initializer(self, shape, dtype):
    ...         fan_in, _ = ai.fans(shape, self.layout)
    ...         return ai.normal(std=(2 / (5 * fan_in)) ** 0.5)
    >>> init = small_init()
    >>> init
    small_init(layout='torch')
    >>> init.describe((64, 40)).std
    0.1
    >>> bool((init((64, 40), key=0)[:2] == init((64, 40), key=0, index=slice(2))).all())
    True
    """

    elementwise: ClassVar[bool] = True
    needs_key: ClassVar[bool] = True
    _hook: ClassVar[str] = ""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        taken = [name for name in cls._names if name in vars(CustomInitializer)]
        taken += [name for name in cls._names if name in vars(Initializer)]
        if taken:
            rule = "must have another name, as that is a method of every initializer"
            raise must(taken[0], rule, Wording(f"the parameter of {cls.__name__}"))
        given = [name for name in HOOKS if name in vars(cls)]
        if len(given) > 1:
            rule = f"must give one of {', '.join(HOOKS)}"
            raise must(cls.__name__, rule, Wording(" and ".join(given)))
        if given:
            cls._hook = given[0]
            if given == ["array"] and "elementwise" not in vars(cls):
                cls.elementwise = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if not self._hook:
            rule = f"must give one of {', '.join(HOOKS)}"
            raise must_be_type(type(self).__name__, rule, Wording("none of them"))
        super().__init__(*args, **kwargs)
        for name in self._names:
            try:
                hash(getattr(self, name))
            except TypeError:
                rule = "must be hashable, as an initializer is a value"
                raise must_be_type(name, rule, getattr(self, name), "a tuple") from None

    def initializer(self, shape: tuple[int, ...], dtype: str) -> Any:
        """The initializer of arrays of this shape: one, a name or a dictionary."""
        raise NotImplementedError

    def block(
        self,
        shape: tuple[int, ...],
        index: tuple[Any, ...],
        key: Any,
        xp: Any,
        dtype: Any,
        device: Any,
    ) -> Any:
        """A new array: the block of the global array that `index` selects."""
        raise NotImplementedError

    def array(self, shape: tuple[int, ...], key: Any, xp: Any, dtype: Any, device: Any) -> Any:
        """A new array of the whole shape."""
        raise NotImplementedError

    def check(self, shape: tuple[int, ...], dtype: str) -> None:
        self._made_by(shape, dtype).check(shape, dtype)

    def statistics(self, shape: tuple[int, ...], dtype: str) -> dict[str, Any]:
        if self._hook == "initializer":
            return self._made_by(shape, dtype).statistics(shape, dtype)
        return {"distribution": type(self).__name__}

    def _made_by(self, shape: tuple[int, ...], dtype: str) -> Initializer:
        """What makes such arrays."""
        if self._hook == "array":
            return _OfArray(self)
        if self._hook == "block":
            return _OfBlock(self)
        from agnostic_init.initializers.lookup import found

        given = self.initializer(shape, dtype)
        made = found(given, f"what {type(self).__name__}.initializer returns")
        if made == self:
            raise must("initializer", "must return another than itself", made)
        for trait, bad in (("elementwise", True), ("needs_key", False)):
            if getattr(self, trait) is bad and getattr(made, trait) is not bad:
                hint = f"{trait} = {not bad} in the class {type(self).__name__}"
                raise must(trait, f"must be {not bad}, as that of {made!r} is", bad, hint)
        return made

    # What the other initializers override is that of what makes the array.

    def draw(self, shape: tuple[int, ...], dtype: str) -> Draw | None:
        return self._made_by(shape, dtype).draw(shape, dtype)

    def make(self, shape: tuple[int, ...], key: Key | None, part: Block, target: Target) -> Any:
        self.check(shape, target.dtype)
        return self._made_by(shape, target.dtype).make(shape, key, part, target)

    def write(self, key: Key | None, part: Block, out: Any, library: Library) -> None:
        dtype = library.dtype_name(out.dtype)
        self.check(part.global_shape, dtype)
        self._made_by(part.global_shape, dtype).write(key, part, out, library)

    def describe(self, shape: Any, dtype: Any = "float32") -> Description:
        known = super().describe(shape, dtype)
        made = self._made_by(known.shape, known.dtype)
        return dataclasses.replace(known, elementwise=made.elementwise)

    def together(self, shape: tuple[int, ...], dtype: str, library: Library, device: Any) -> int:
        return self._made_by(shape, dtype).together(shape, dtype, library, device)

    def make_several(self, shape: tuple[int, ...], keys: list[Key], target: Target) -> list[Any]:
        return self._made_by(shape, target.dtype).make_several(shape, keys, target)

    def write_several(
        self, shape: tuple[int, ...], keys: list[Key], outs: list[Any], library: Library
    ) -> None:
        dtype = library.dtype_name(outs[0].dtype)
        self._made_by(shape, dtype).write_several(shape, keys, outs, library)


class _OfArray(Whole, Value):
    """What makes whole arrays by the hook of another."""

    of: CustomInitializer

    @property
    def needs_key(self) -> bool:  # type: ignore[override]
        """That of the other."""
        return self.of.needs_key

    def check(self, shape: tuple[int, ...], dtype: str) -> None:
        """All are made."""

    def make_whole(self, shape: tuple[int, ...], key: Key | None, target: Target) -> Any:
        place = _computed(target)
        dtype = place.library.dtype(place.dtype)
        made = self.of.array(shape, key, place.library.xp, dtype, place.device)
        return _checked(made, f"{type(self.of).__name__}.array", shape, place, target)


class _OfBlock(Blockwise, Value):
    """What makes blocks by the hook of another."""

    of: CustomInitializer

    @property
    def needs_key(self) -> bool:  # type: ignore[override]
        """That of the other."""
        return self.of.needs_key

    def check(self, shape: tuple[int, ...], dtype: str) -> None:
        """All are made."""

    def make_block(
        self, shape: tuple[int, ...], key: Key | None, part: Block, target: Target
    ) -> Any:
        place = _computed(target)
        dtype, xp = place.library.dtype(place.dtype), place.library.xp
        made = self.of.block(shape, part.as_index, key, xp, dtype, place.device)
        return _checked(made, f"{type(self.of).__name__}.block", part.shape, place, target)


def _computed(target: Target) -> Target:
    """Where it is computed: in float32 what has fewer bits."""
    form = FORMATS.get(target.dtype)
    small = form is not None and form.itemsize < 4
    return Target(target.library, "float32" if small else target.dtype, target.device)


def _checked(made: Any, name: str, shape: tuple[int, ...], place: Target, target: Target) -> Any:
    """What a hook has returned, if it is what was asked for, in the target's dtype."""
    library = place.library
    if not (library.has(made) and hasattr(made, "shape") and hasattr(made, "dtype")):
        raise must_be_type(name, f"must return an array of {library.name}", made)
    if tuple(made.shape) != shape:
        raise must(name, f"must return an array of the shape {shape}", tuple(made.shape))
    dtype = library.dtype_name(made.dtype)
    if dtype != place.dtype:
        raise must(name, f"must return an array of {place.dtype}", dtype, "dtype=dtype")
    if place.dtype != target.dtype:
        return library.cast(made, target.dtype)
    # A hook may keep what it returns, and two parameters would have the same memory.
    return library.xp.asarray(made, copy=True) if library.writes else made
