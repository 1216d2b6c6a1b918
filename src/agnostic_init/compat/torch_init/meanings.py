"""What the functions of ``torch.nn.init``, and methods of tensors, fill a tensor with: by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agnostic_init.arrays.errors import ParameterError
from agnostic_init.compat.torch_init.elementwise import normal_of, trunc_normal_of, uniform_of
from agnostic_init.compat.torch_init.scaled import kaiming_of, xavier_of
from agnostic_init.initializers.base import Initializer
from agnostic_init.initializers.constant import constant, ones, zeros

__all__ = ["FILLING", "FIXED", "IN_PLACE", "Meaning"]

Function = Callable[..., Any]

# A tensor, its initializer and the generator, from the arguments of a function of torch.nn.init.
Meaning = tuple[Any, Initializer | None, Any]


def _constant(tensor: Any, val: Any) -> Meaning:
    try:
        return tensor, constant(val), None
    except (ParameterError, TypeError):  # what only torch takes
        return tensor, None, None


def _kaiming(distribution: str) -> Function:
    def meaning(
        tensor: Any,
        a: Any = 0,
        mode: str = "fan_in",
        nonlinearity: str = "leaky_relu",
        generator: Any = None,
    ) -> Meaning:
        return tensor, kaiming_of(tensor, distribution, a, mode, nonlinearity), generator

    return meaning


def _xavier(distribution: str) -> Function:
    return lambda tensor, gain=1.0, generator=None: (
        tensor,
        xavier_of(tensor, distribution, gain),
        generator,
    )


def _trunc_normal(
    tensor: Any, mean: Any = 0.0, std: Any = 1.0, a: Any = -2.0, b: Any = 2.0, generator: Any = None
) -> Meaning:
    return tensor, trunc_normal_of(mean, std, a, b), generator


def _sparse(tensor: Any, sparsity: Any, std: Any = 0.01, generator: Any = None) -> Meaning:
    return tensor, _structured().sparse_of(tensor, sparsity, std), generator


def _orthogonal(tensor: Any, gain: Any = 1, generator: Any = None) -> Meaning:
    return tensor, _structured().orthogonal_of(tensor, gain), generator


def _structured() -> Any:
    """Imported when a model has such weights, as most have none."""
    from agnostic_init.compat.torch_init import structured

    return structured


#: The functions of torch.nn.init, by name, whoever keeps or guards them.
FILLING: dict[str, Function] = {
    "uniform_": lambda tensor, a=0.0, b=1.0, generator=None: (tensor, uniform_of(a, b), generator),
    "normal_": lambda tensor, mean=0.0, std=1.0, generator=None: (
        tensor,
        normal_of(mean, std),
        generator,
    ),
    "trunc_normal_": _trunc_normal,
    "xavier_uniform_": _xavier("uniform"),
    "xavier_normal_": _xavier("normal"),
    "kaiming_uniform_": _kaiming("uniform"),
    "kaiming_normal_": _kaiming("normal"),
    "orthogonal_": _orthogonal,
    "sparse_": _sparse,
    "constant_": _constant,
    "ones_": lambda tensor: (tensor, ones(), None),
    "zeros_": lambda tensor: (tensor, zeros(), None),
    "eye_": lambda tensor: (tensor, _structured().eye_of(tensor), None),
    "dirac_": lambda tensor, groups=1: (tensor, _structured().dirac_of(tensor, groups), None),
}
#: Of those, the ones that draw nothing.
FIXED = frozenset({"constant_", "ones_", "zeros_", "eye_", "dirac_"})


def _normal_in_place(tensor: Any, mean: Any = 0, std: Any = 1, *, generator: Any = None) -> Meaning:
    return tensor, normal_of(mean, std), generator


def _uniform_in_place(tensor: Any, *bounds: Any, generator: Any = None, **named: Any) -> Meaning:
    low = bounds[0] if bounds else named.get("from", 0.0)
    high = bounds[1] if len(bounds) > 1 else named.get("to", 1.0)
    return tensor, uniform_of(low, high), generator


#: Methods of tensors that draw in place, from a distribution that has an initializer.
IN_PLACE: dict[str, Function] = {"normal_": _normal_in_place, "uniform_": _uniform_in_place}
