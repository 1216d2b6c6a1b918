"""Initializers by name. A leaf: what is registered imports this, and not the other way."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from agnostic_init.arrays.errors import must, must_be_type

__all__ = ["get", "names", "register"]

Factory = TypeVar("Factory", bound=Callable[..., Any])

_FACTORIES: dict[str, Callable[..., Any]] = {}


def register(factory: Factory) -> Factory:
    """Make an initializer's class, or a function that returns one, known by its name."""
    name = factory.__name__
    if name in _FACTORIES:
        raise must("factory", "must have a name that is not taken", name)
    _FACTORIES[name] = factory
    return factory


def names() -> list[str]:
    """The names that `get` knows, sorted."""
    return sorted(_FACTORIES)


def get(identifier: Any) -> Any:
    """Find an initializer.

    Parameters
    ----------
    identifier
        A name; a dictionary of a name and parameters, as `Initializer.to_dict` makes; or an
        initializer, which is returned as it is.

    Returns
    -------
    Initializer

    Raises
    ------
    ParameterError
        For a name that is not known, or parameters that the initializer has not.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.get({"name": "normal", "std": 0.02})
    normal(mean=0.0, std=0.02)
    >>> ai.get("zeros")
    zeros()
    """
    if hasattr(identifier, "to_dict"):
        return identifier
    if isinstance(identifier, str):
        identifier = {"name": identifier}
    if not isinstance(identifier, Mapping):
        raise must_be_type(
            "identifier", "must be a name, a dictionary with a name, or an initializer", identifier
        )
    parameters = dict(identifier)
    name = parameters.pop("name", None)
    if name not in _FACTORIES:
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
        for each, parameter in known.items()
        if parameter.default is inspect.Parameter.empty and each not in parameters
    ]
    if missing:
        raise must(missing[0], f"must be given for {name}", None)
    return factory(**{each: _restored(value) for each, value in parameters.items()})


def _restored(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_restored(item) for item in value)
    if isinstance(value, Mapping) and set(value) == {"real", "imag"}:
        return complex(value["real"], value["imag"])
    return value
