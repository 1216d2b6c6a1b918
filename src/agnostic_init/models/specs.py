"""Specs: what is to be made, by name: shapes, dtypes, or arrays that have both."""

from __future__ import annotations

import numbers
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, SupportsIndex

from agnostic_init.arrays.dtype_names import name_of
from agnostic_init.arrays.errors import ParameterTypeError, must, must_be_type, within
from agnostic_init.arrays.target import library_of
from agnostic_init.bits.block import checked_shape
from agnostic_init.models.parameter import Parameter, check_name

__all__ = ["Spec", "specs_of"]


@dataclass(frozen=True, slots=True)
class Spec:
    """The shape of a parameter, and its dtype where it has one of its own.

    Parameters
    ----------
    shape
        An integer or a sequence of them.
    dtype
        A dtype of any library, or its name; None to leave it to the rule and to the call.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.Spec((2, 3), "bfloat16")
    Spec(shape=(2, 3), dtype='bfloat16')
    """

    shape: tuple[int, ...]
    dtype: str | None = None

    if TYPE_CHECKING:  # what may be given; the fields are what it is kept as

        def __init__(
            self, shape: SupportsIndex | Iterable[SupportsIndex], dtype: Any = None
        ) -> None: ...

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", checked_shape(self.shape))
        if self.dtype is not None:
            object.__setattr__(self, "dtype", name_of(self.dtype))


def specs_of(specs: Any) -> tuple[Parameter, ...]:
    """Named specs from a mapping, or from pairs of names and specs, in their order."""
    if isinstance(specs, Mapping):
        specs = specs.items()
    elif isinstance(specs, str) or not isinstance(specs, Iterable):
        raise must_be_type(
            "specs",
            "must be a mapping of names to shapes or arrays",
            specs,
            "{'weight': (512, 256), 'bias': (512,)}",
        )
    found: dict[str, Parameter] = {}
    for pair in specs:
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise must_be_type("specs", "must hold pairs of a name and a shape or array", pair)
        name, value = pair
        check_name(name)
        if name in found:
            raise must("specs", "must name every parameter once", name)
        with within(f"parameter {name!r}"):
            found[name] = _parameter(name, value)
    if not found:
        raise must("specs", "must not be empty", {})
    return tuple(found.values())


def _parameter(name: str, value: Any) -> Parameter:
    if isinstance(value, numbers.Integral):
        value = Spec((value,))
    elif isinstance(value, tuple | list):
        paired = len(value) == 2 and not isinstance(value[1], numbers.Number)
        value = Spec(*value) if paired else Spec(tuple(value))
    if isinstance(value, Spec):
        return Parameter(name, value.shape, value.dtype)
    if not (hasattr(value, "shape") and hasattr(value, "dtype")):
        raise must_be_type(
            "shape", "must be a shape, a pair (shape, dtype), a Spec or an array", value
        )
    try:
        library = library_of(value)
    except ParameterTypeError:
        spec = Spec(tuple(value.shape), value.dtype)
        return Parameter(name, spec.shape, spec.dtype)
    shape = checked_shape(tuple(value.shape))
    return Parameter(name, shape, library.dtype_name(value.dtype), value, library)
