"""Initializers by name: what there are, and one from its name and parameters."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from agnostic_init.arrays.errors import must, must_be_type
from agnostic_init.homes import HOMES

if TYPE_CHECKING:
    from agnostic_init.initializers.base import Initializer

__all__ = ["add", "build", "factory_of", "is_registered", "name_of", "names"]

# What else the modules of this folder have that is public.
_NOT_ONE = (
    *("CustomInitializer", "Description", "Initializer"),
    *("from_function", "get", "register"),
)
# The initializers that have a name, and the module that defines each; none is imported before it is asked for.
_HOMES = {
    name: home
    for home, names in HOMES.items()
    if home.startswith("initializers.")
    for name in names
    if name not in _NOT_ONE
}
_OWN: dict[str, Callable[..., Initializer]] = {}  # of others
GROUP = "agnostic_init.initializers"  # of the entry points of packages that have some
# JSON has no numbers for these; `Initializer.to_dict` writes them as strings.
_NOT_FINITE = ("inf", "-inf", "nan")


def names() -> list[str]:
    """The names of this package's own, sorted."""
    return sorted(_HOMES)


def factory_of(name: str) -> Callable[..., Initializer]:
    """The class of that name, or the function that returns an initializer."""
    if name in _OWN:
        return _OWN[name]
    module = importlib.import_module(f"agnostic_init.{_HOMES[name]}")
    factory: Callable[..., Initializer] = getattr(module, name)
    return factory


def is_registered(factory: Any) -> bool:
    """Whether this is one of the classes and functions themselves."""
    name = getattr(factory, "__name__", None)
    if isinstance(name, str) and name in _HOMES and factory_of(name) is factory:
        return True
    return any(each is factory for each in _OWN.values())


def name_of(kind: type) -> str:
    """The name that a class of initializers has been given, or its own."""
    for name, factory in _OWN.items():
        if factory is kind:
            return name
    return kind.__name__


def add(name: str, factory: Callable[..., Initializer]) -> None:
    """Give a class or a function of somebody else's a name."""
    before = _HOMES.get(name) or _OWN.get(name)
    if before is not None and _place(before) != _place(factory):
        raise must("name", "must be that of no other initializer", name, f"'mylib.{name}'")
    _OWN[name] = factory


def _place(factory: Any) -> tuple[Any, Any]:
    """Where a class or function was defined."""
    return getattr(factory, "__module__", factory), getattr(factory, "__qualname__", "")


def _installed(name: str) -> bool:
    """Whether a package that is installed has an initializer of this name, which is registered now."""
    from importlib.metadata import entry_points

    for each in entry_points(group=GROUP, name=name):
        add(name, each.load())
        return True
    return False


def build(data: Mapping[str, Any], parameter: str = "data") -> Initializer:
    """Make the initializer of a dictionary: a name, and parameters.

    `parameter` is what the dictionary is called in messages.
    """
    parameters = dict(data)
    if "name" not in parameters:
        raise must(parameter, "must have the name of an initializer", parameters, "name = 'normal'")
    name = parameters.pop("name")
    if not isinstance(name, str) or not (name in _HOMES or name in _OWN or _installed(name)):
        import difflib

        close = difflib.get_close_matches(str(name), (*_HOMES, *_OWN), n=3)
        raise must(
            "name",
            "must be that of an initializer",
            name,
            ", ".join(close) if close else f"one of {', '.join(names())}",
        )
    factory = factory_of(name)
    known = inspect.signature(factory).parameters
    unknown = [each for each in parameters if each not in known]
    if unknown:
        raise must(
            unknown[0],
            f"must be a parameter of {name}",
            parameters[unknown[0]],
            f"{', '.join(known) or 'none'}",
        )
    missing = [
        each
        for each, one in known.items()
        if one.default is inspect.Parameter.empty and each not in parameters
    ]
    if missing:
        raise must(missing[0], f"must be given for {name}", None)
    return factory(**{each: _restored(value) for each, value in parameters.items()})


def _restored(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_restored(item) for item in value)
    if isinstance(value, Mapping) and set(value) == {"real", "imag"}:
        return complex(_part("real", value["real"]), _part("imag", value["imag"]))
    return float(value) if isinstance(value, str) and value in _NOT_FINITE else value


def _part(name: str, value: Any) -> float:
    """A part of a complex number, which may be NaN."""
    number = _restored(value)
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise must_be_type(name, "must be a real number", number)
    return number
