"""Frozen dataclasses, and tuples with names, that cost next to nothing to define.

`dataclasses.dataclass` writes and compiles four or more methods for every class, half a millisecond
whenever it is imported, and its own module is one that NumPy does not load. What initializes a
model once is over in a few. So here the methods are written once, for all, and what `dataclasses`
and `inspect` ask of a class is made when they ask.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any, ClassVar, Self, dataclass_transform

if TYPE_CHECKING:
    from dataclasses import Field

__all__ = ["Record", "Value", "collecting_later"]


class _OfDataclass:
    """An attribute of a class: the one that a dataclass of the same fields has."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, instance: object, owner: type[Value]) -> Any:
        if self.name != "__signature__":
            return getattr(owner.__dataclass__(), self.name)
        if instance is not None:  # whose call is another
            raise AttributeError(self.name)
        import inspect

        return inspect.signature(owner.__dataclass__())


@dataclass_transform(frozen_default=True)
class Value:
    """A value: frozen, and equal, hashed and shown by its fields.

    A subclass annotates its fields, with their defaults, as a dataclass does; names that begin with
    an underscore are none. `__post_init__` checks them, and may replace them by
    ``object.__setattr__``. One with slots has an ``__init__`` of its own. To the functions of
    `dataclasses` it is a frozen dataclass.
    """

    __slots__ = ()
    _names: ClassVar[tuple[str, ...]] = ()
    _set: ClassVar[frozenset[str]] = frozenset()
    _defaults: ClassVar[dict[str, Any]] = {}
    _taken: ClassVar[Any] = attrgetter("__class__", "__class__")  # two, as one alone is no tuple
    _dataclass: ClassVar[Any] = None

    if TYPE_CHECKING:
        __dataclass_fields__: ClassVar[dict[str, Field[Any]]]
    else:
        __dataclass_fields__ = _OfDataclass("__dataclass_fields__")
        __dataclass_params__ = _OfDataclass("__dataclass_params__")
        __match_args__ = _OfDataclass("__match_args__")
        __signature__ = _OfDataclass("__signature__")

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        own = [
            name
            for name, kind in cls.__annotations__.items()
            if name not in cls._names and name[0] != "_" and "ClassVar[" not in str(kind)
        ]
        if own:
            cls._names = (*cls._names, *own)
            cls._set = frozenset(cls._names)
            cls._taken = attrgetter("__class__", *cls._names)
        if "__slots__" not in cls.__dict__:
            known = {name: cls.__dict__[name] for name in cls._names if name in cls.__dict__}
            cls._defaults = cls._defaults | known
        cls._dataclass = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        fields = self._defaults | kwargs
        if args:
            given = dict(zip(self._names, args, strict=False))
            if len(args) > len(given) or not given.keys().isdisjoint(kwargs):
                raise self._refused(args, kwargs)
            fields |= given
        if fields.keys() != self._set:
            raise self._refused(args, kwargs)
        self.__dict__.update(fields)
        self.__post_init__()

    def __post_init__(self) -> None:
        """Check the fields."""

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        same: bool = self._taken(self) == self._taken(other)
        return same

    def __hash__(self) -> int:
        return hash(self._taken(self))

    def __replace__(self, /, **changes: Any) -> Self:
        """The same with other values of some fields: `copy.replace` asks for it."""
        return type(self)(**{name: getattr(self, name) for name in self._names} | changes)

    def __repr__(self) -> str:
        shown = [f"{name}={getattr(self, name)!r}" for name in self._names]
        return f"{type(self).__qualname__}({', '.join(shown)})"

    def __setattr__(self, name: str, value: Any) -> None:
        raise _frozen("assign to", name)

    def __delattr__(self, name: str) -> None:
        raise _frozen("delete", name)

    @classmethod
    def __dataclass__(cls) -> Any:
        """A dataclass of the same fields."""
        if cls._dataclass is None:
            from dataclasses import dataclass

            kinds: dict[str, Any] = {}
            for each in reversed(cls.__mro__[:-1]):
                kinds |= each.__annotations__
            made: dict[str, Any] = {"__annotations__": {name: kinds[name] for name in cls._names}}
            made |= cls._defaults
            made |= {"__module__": cls.__module__, "__qualname__": cls.__qualname__}
            cls._dataclass = dataclass(frozen=True)(type(cls.__name__, (), made))
        return cls._dataclass

    @classmethod
    def _refused(cls, args: tuple[Any, ...], kwargs: dict[str, Any]) -> TypeError:
        """What Python says of a call that does not fit the fields."""
        try:
            cls.__dataclass__()(*args, **kwargs)
        except TypeError as error:
            return error
        raise AssertionError(cls, args, kwargs)


def _frozen(what: str, name: str) -> AttributeError:
    from dataclasses import FrozenInstanceError

    return FrozenInstanceError(f"cannot {what} field {name!r}")


@dataclass_transform(frozen_default=True)
class Record(tuple[Any, ...]):
    """A tuple with names, as of `typing.NamedTuple`, which compiles every annotation.

    A subclass annotates its fields, with their defaults. It has methods of its own, and no further
    subclasses.
    """

    __slots__ = ()
    _fields: ClassVar[tuple[str, ...]] = ()
    _defaults: ClassVar[dict[str, Any]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._fields = tuple(cls.__annotations__)
        cls._defaults = {name: cls.__dict__[name] for name in cls._fields if name in cls.__dict__}
        for place, name in enumerate(cls._fields):
            setattr(cls, name, property(itemgetter(place)))

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        if kwargs or len(args) != len(cls._fields):
            args = cls._complete(args, kwargs)
        return tuple.__new__(cls, args)

    def __getnewargs__(self) -> tuple[Any, ...]:
        return tuple(self)

    def __repr__(self) -> str:
        shown = [f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True)]
        return f"{type(self).__name__}({', '.join(shown)})"

    def _replace(self, **changes: Any) -> Self:
        """The same with other values of some fields."""
        return type(self)(**dict(zip(self._fields, self, strict=True)) | changes)

    @classmethod
    def _complete(cls, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        given = dict(zip(cls._fields, args, strict=False))
        found = cls._defaults | given | kwargs
        if (
            len(args) > len(cls._fields)
            or not given.keys().isdisjoint(kwargs)
            or found.keys() != {*cls._fields}
        ):
            message = f"{cls.__name__} takes {', '.join(cls._fields)}, got {args} and {kwargs}"
            raise TypeError(message)
        return tuple([found[name] for name in cls._fields])


@contextmanager
def collecting_later() -> Iterator[None]:
    """Leave garbage where it is while records are made by thousands, all of which are kept.

    They would make the collector look at all that a process holds, which after the import of an
    array library takes longer than filling a model.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
