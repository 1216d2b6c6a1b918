"""Factors of weights by name, as a file can hold them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from agnostic_init.arrays.errors import must, must_be_type
from agnostic_init.arrays.numbers import as_integer
from agnostic_init.arrays.values import Value
from agnostic_init.scales import depth, width

__all__ = ["FACTORS", "Scale"]

#: The functions that are factors of weights.
FACTORS: dict[str, Callable[..., float]] = {
    each.__name__: each
    for each in (
        depth.by_depth,
        depth.deepnorm,
        depth.fixup,
        depth.gpt2_residual,
        depth.layer_scale,
        depth.t_fixup,
        width.lora,
        width.small_init,
        width.spectral,
        width.spectral_norm,
        width.wang,
    )
}
FANS = ("fan_in", "fan_out")


class Scale(Value):
    """A factor by the name of its function, and the parameters that are given.

    Attributes
    ----------
    name
        Of one of `FACTORS`.
    parameters
        Pairs of a name and a value.
    """

    name: str
    parameters: tuple[tuple[str, Any], ...] = ()

    @classmethod
    def of(cls, given: Any, parameter: str) -> Scale:
        """The factor of a name, or of a dictionary; what is called `parameter` in messages."""
        data = {"name": given} if isinstance(given, str) else given
        rule = "must be a positive number, the name of a scale, or a dictionary with it"
        if isinstance(data, Scale):
            return data
        if not isinstance(data, Mapping):
            name = getattr(given, "__name__", None)
            raise must_be_type(parameter, rule, given, repr(name) if name in FACTORS else "")
        parameters = dict(data)
        name = parameters.pop("name", None)
        if not isinstance(name, str) or name not in FACTORS:
            raise must(parameter, f"must have the name of a scale: {', '.join(FACTORS)}", given)
        scale = cls(name, tuple(sorted(parameters.items())))
        scale.check(parameter)
        return cls(name, tuple((own, _plain(value)) for own, value in scale.parameters))

    @property
    def missing(self) -> tuple[str, ...]:
        """The fans that are not given, which a weight's shape and layout tell."""
        known = inspect.signature(FACTORS[self.name]).parameters
        given = dict(self.parameters)
        return tuple(name for name in FANS if name in known and name not in given)

    def check(self, parameter: str) -> None:
        """Raise if a parameter is unknown, or missing, or has a value that it cannot have."""
        known, given = inspect.signature(FACTORS[self.name]).parameters, dict(self.parameters)
        for name, value in given.items():
            if name not in known:
                raise must(name, f"must be a parameter of {self.name}", value, ", ".join(known))
        for name, one in known.items():
            needed = one.default is inspect.Parameter.empty and name not in FANS
            if needed and name not in given:
                hint = f'{parameter}={{"name": "{self.name}", "{name}": ...}}'
                raise must(name, f"must be given for {self.name}", None, hint)
        self(**dict.fromkeys(self.missing, 1))

    def __call__(self, **fans: int) -> float:
        """The factor, with the fans that are missing."""
        return FACTORS[self.name](**dict(self.parameters), **fans)

    def to_dict(self) -> dict[str, Any]:
        """The name and the parameters."""
        return {"name": self.name, **dict(self.parameters)}

    def __repr__(self) -> str:
        return repr(self.to_dict())


def _plain(value: Any) -> Any:
    """Integers and text as Python's own."""
    number = as_integer(value)
    return str.__str__(value) if isinstance(value, str) else value if number is None else number
