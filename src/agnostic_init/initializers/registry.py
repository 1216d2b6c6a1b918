"""Initializers by name. A leaf: what is registered imports this, and not the other way."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from agnostic_init.arrays.errors import must, must_be_type

if TYPE_CHECKING:
    from agnostic_init.initializers.base import Initializer

__all__ = ["build", "is_registered", "names", "register"]

Factory = TypeVar("Factory", bound=Callable[..., Any])

_FACTORIES: dict[str, Callable[..., Initializer]] = {}
# JSON has no numbers for these; `Initializer.to_dict` writes them as strings.
_NOT_FINITE = ("inf", "-inf", "nan")


def register(factory: Factory) -> Factory:
    """Make an initializer's class, or a function that returns one, known by its name."""
    name = factory.__name__
    if name in _FACTORIES:
        raise must("factory", "must have a name that is not taken", name)
    _FACTORIES[name] = factory
    return factory


def names() -> list[str]:
    """The names that `build` knows, sorted."""
    return sorted(_FACTORIES)


def is_registered(factory: Any) -> bool:
    """Whether this is one of the classes and functions themselves."""
    return any(factory is each for each in _FACTORIES.values())


def build(data: Mapping[str, Any], parameter: str = "data") -> Initializer:
    """Make the initializer of a dictionary: a name, and parameters.

    `parameter` is what the dictionary is called in messages.
    """
    parameters = dict(data)
    if "name" not in parameters:
        raise must(parameter, "must have the name of an initializer", parameters, "name = 'normal'")
    name = parameters.pop("name")
    if not isinstance(name, str) or name not in _FACTORIES:
        import difflib

        close = difflib.get_close_matches(str(name), _FACTORIES, n=3)
        raise must(
            "name",
            "must be that of an initializer",
            name,
            ", ".join(close) if close else f"one of {', '.join(names())}",
        )
    factory = _FACTORIES[name]
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
