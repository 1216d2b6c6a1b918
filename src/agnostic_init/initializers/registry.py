"""Initializers by name: what there are, and one from its name and parameters."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from agnostic_init.arrays.errors import must, must_be_type

if TYPE_CHECKING:
    from agnostic_init.initializers.base import Initializer

__all__ = ["build", "factory_of", "is_registered", "names"]

# The initializers that have a name, by the module that defines them; none is imported before it is asked for.
_FAMILIES = {
    "constant": ("constant", "ones", "zeros"),
    "deterministic": ("bilinear", "dirac", "identity"),
    "named": (
        "glorot_normal",
        "glorot_uniform",
        "he_normal",
        "he_uniform",
        "kaiming_normal",
        "kaiming_uniform",
        "lecun_normal",
        "lecun_uniform",
        "torch_default",
        "uniform_unit_scaling",
        "xavier_normal",
        "xavier_uniform",
    ),
    "orthogonal": ("orthogonal",),
    "orthogonal_convolutions": ("conv_orthogonal", "delta_orthogonal"),
    "parts": ("blocks", "constant_rows", "masked", "zero_rows"),
    "random": ("normal", "symmetric_uniform", "truncated_normal", "uniform"),
    "repeated": ("icnr", "looks_linear"),
    "scaled": ("mup", "scaled"),
    "scaling": ("variance_scaling",),
    "sparse": ("sparse",),
}
_HOMES = {name: home for home, names in _FAMILIES.items() for name in names}
# JSON has no numbers for these; `Initializer.to_dict` writes them as strings.
_NOT_FINITE = ("inf", "-inf", "nan")


def names() -> list[str]:
    """The names that `build` knows, sorted."""
    return sorted(_HOMES)


def factory_of(name: str) -> Callable[..., Initializer]:
    """The class of that name, or the function that returns one."""
    module = importlib.import_module(f"agnostic_init.initializers.{_HOMES[name]}")
    factory: Callable[..., Initializer] = getattr(module, name)
    return factory


def is_registered(factory: Any) -> bool:
    """Whether this is one of the classes and functions themselves."""
    name = getattr(factory, "__name__", None)
    return isinstance(name, str) and name in _HOMES and factory_of(name) is factory


def build(data: Mapping[str, Any], parameter: str = "data") -> Initializer:
    """Make the initializer of a dictionary: a name, and parameters.

    `parameter` is what the dictionary is called in messages.
    """
    parameters = dict(data)
    if "name" not in parameters:
        raise must(parameter, "must have the name of an initializer", parameters, "name = 'normal'")
    name = parameters.pop("name")
    if not isinstance(name, str) or name not in _HOMES:
        import difflib

        close = difflib.get_close_matches(str(name), _HOMES, n=3)
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
