"""The activation functions that have a name, each with its exact derivative, on float64 arrays.

A new one is a row of `_PLAIN`, or of `_WITH_PARAM` if it has a parameter, and a row in the tests.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from agnostic_init.arrays.errors import must

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Activation", "activation", "activation_names", "distinct_names"]

Array: TypeAlias = "NDArray[np.float64]"
Function: TypeAlias = "Callable[[Array], Array]"

_SELU_ALPHA = 1.6732632423543772
_SELU_SCALE = 1.0507009873554805
_TANH_GELU = math.sqrt(2 / math.pi)
_TANH_GELU_CUBE = 0.044715
_QUICK_GELU = 1.702


@dataclass(frozen=True, slots=True)
class Activation:
    """A function and its derivative; at a kink the derivative is that of either side."""

    function: Function
    derivative: Function


def activation(name: str, param: float | None = None) -> Activation:
    """Return the activation of that name.

    Raises
    ------
    ParameterError
        If there is none, or if it has no parameter and `param` is given.

    Examples
    --------
    >>> activation("relu").function(np.array([-2.0, 3.0])).tolist()
    [0.0, 3.0]
    >>> activation("leaky_relu", 0.25).function(np.array([-2.0, 3.0])).tolist()
    [-0.5, 3.0]
    """
    known = _ALIASES.get(name, name)
    if known in _WITH_PARAM:
        make, default = _WITH_PARAM[known]
        return make(default if param is None else param)
    if known not in _PLAIN:
        import difflib

        close = difflib.get_close_matches(name, activation_names(), n=1)
        hint = f"{close[0]!r}" if close else "a callable on float64 NumPy arrays"
        names = ", ".join(activation_names())
        raise must("nonlinearity", f"must be a callable or one of {names}", name, hint)
    if param is not None:
        takers = ", ".join(sorted(_WITH_PARAM))
        rule = f"must be None for {name}; only {takers} have a parameter"
        raise must("param", rule, param)
    return _PLAIN[known]


def activation_names() -> list[str]:
    """Return all names that `activation` takes, aliases too."""
    return sorted([*_PLAIN, *_WITH_PARAM, *_ALIASES])


def distinct_names() -> list[str]:
    """Return one name for each function, sorted."""
    linear = {name for name, known in _PLAIN.items() if known is _LINEAR} - {"linear"}
    return sorted({*_PLAIN, *_WITH_PARAM} - linear)


def _sigmoid(z: Array) -> Array:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * z)))


def _softplus(z: Array) -> Array:
    return np.logaddexp(0.0, z)


def _normal_cdf(z: Array) -> Array:
    return np.array([0.5 * math.erfc(-x / math.sqrt(2)) for x in z.flat]).reshape(z.shape)


def _normal_pdf(z: Array) -> Array:
    return np.asarray(np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi))


def _tanh_gelu_inner(z: Array) -> Array:
    return np.asarray(np.tanh(_TANH_GELU * (z + _TANH_GELU_CUBE * z**3)))


def _tanh_gelu_slope(z: Array) -> Array:
    t = _tanh_gelu_inner(z)
    inner = _TANH_GELU * (1 + 3 * _TANH_GELU_CUBE * z * z)
    return np.asarray(0.5 * (1 + t) + 0.5 * z * (1 - t * t) * inner)


def _mish_slope(z: Array) -> Array:
    t = np.tanh(_softplus(z))
    return np.asarray(t + z * (1 - t * t) * _sigmoid(z))


def _silu_slope(z: Array) -> Array:
    s = _sigmoid(z)
    return np.asarray(s * (1 + z * (1 - s)))


def _between(low: float, high: float, slope: float = 1.0) -> Function:
    return lambda z: np.where((z > low) & (z < high), slope, 0.0)


def _leaky_relu(slope: float) -> Activation:
    return Activation(
        lambda z: np.where(z > 0, z, slope * z), lambda z: np.where(z > 0, 1.0, slope)
    )


def _elu(alpha: float) -> Activation:
    return Activation(
        lambda z: np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0))),
        lambda z: np.where(z > 0, 1.0, alpha * np.exp(np.minimum(z, 0))),
    )


def _celu(alpha: float) -> Activation:
    if alpha == 0:
        raise must("param", "must not be zero for celu", alpha)
    return Activation(
        lambda z: np.maximum(z, 0) + np.minimum(alpha * np.expm1(np.minimum(z, 0) / alpha), 0),
        lambda z: np.where(z > 0, 1.0, np.exp(np.minimum(z, 0) / alpha)),
    )


def _softshrink(threshold: float) -> Activation:
    if threshold < 0:
        raise must("param", "must not be negative for softshrink", threshold)
    return Activation(
        lambda z: np.sign(z) * np.maximum(np.abs(z) - threshold, 0),
        lambda z: np.where(np.abs(z) > threshold, 1.0, 0.0),
    )


def _snake(frequency: float) -> Activation:
    if frequency == 0:
        raise must("param", "must not be zero for snake", frequency)
    return Activation(
        lambda z: z + np.sin(frequency * z) ** 2 / frequency,
        lambda z: 1 + np.sin(2 * frequency * z),
    )


def _quick_gelu_slope(z: Array) -> Array:
    s = _sigmoid(_QUICK_GELU * z)
    return np.asarray(s * (1 + _QUICK_GELU * z * (1 - s)))


_LINEAR = Activation(np.positive, np.ones_like)

_PLAIN: dict[str, Activation] = {
    "linear": _LINEAR,
    **{f"conv{n}d": _LINEAR for n in (1, 2, 3)},
    **{f"conv_transpose{n}d": _LINEAR for n in (1, 2, 3)},
    "cos": Activation(np.cos, lambda z: -np.sin(z)),
    "gaussian": Activation(lambda z: np.exp(-0.5 * z * z), lambda z: -z * np.exp(-0.5 * z * z)),
    "gelu": Activation(lambda z: z * _normal_cdf(z), lambda z: _normal_cdf(z) + z * _normal_pdf(z)),
    "gelu_tanh": Activation(lambda z: 0.5 * z * (1 + _tanh_gelu_inner(z)), _tanh_gelu_slope),
    "hardsigmoid": Activation(lambda z: np.clip(z / 6 + 0.5, 0, 1), _between(-3, 3, 1 / 6)),
    "hardswish": Activation(
        lambda z: z * np.clip(z + 3, 0, 6) / 6,
        lambda z: np.where(z >= 3, 1.0, np.where(z > -3, (2 * z + 3) / 6, 0.0)),
    ),
    "hardtanh": Activation(lambda z: np.clip(z, -1, 1), _between(-1, 1)),
    "logsigmoid": Activation(lambda z: -_softplus(-z), lambda z: _sigmoid(-z)),
    "mish": Activation(lambda z: z * np.tanh(_softplus(z)), _mish_slope),
    "quick_gelu": Activation(lambda z: z * _sigmoid(_QUICK_GELU * z), _quick_gelu_slope),
    "relu": Activation(lambda z: np.maximum(z, 0), _between(0, math.inf)),
    "relu6": Activation(lambda z: np.clip(z, 0, 6), _between(0, 6)),
    "relu_squared": Activation(
        lambda z: np.square(np.maximum(z, 0)), lambda z: 2 * np.maximum(z, 0)
    ),
    "selu": Activation(
        lambda z: _SELU_SCALE * _elu(_SELU_ALPHA).function(z),
        lambda z: _SELU_SCALE * _elu(_SELU_ALPHA).derivative(z),
    ),
    "sigmoid": Activation(_sigmoid, lambda z: _sigmoid(z) * _sigmoid(-z)),
    "silu": Activation(lambda z: z * _sigmoid(z), _silu_slope),
    "sin": Activation(np.sin, np.cos),
    "softplus": Activation(_softplus, _sigmoid),
    "softsign": Activation(lambda z: z / (1 + np.abs(z)), lambda z: 1 / (1 + np.abs(z)) ** 2),
    "squareplus": Activation(
        lambda z: 0.5 * (z + np.sqrt(z * z + 4)), lambda z: 0.5 * (1 + z / np.sqrt(z * z + 4))
    ),
    "tanh": Activation(np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "tanhshrink": Activation(lambda z: z - np.tanh(z), lambda z: np.tanh(z) ** 2),
}

_WITH_PARAM: dict[str, tuple[Callable[[float], Activation], float]] = {
    "celu": (_celu, 1.0),
    "elu": (_elu, 1.0),
    "leaky_relu": (_leaky_relu, 0.01),
    "prelu": (_leaky_relu, 0.25),
    "snake": (_snake, 1.0),
    "softshrink": (_softshrink, 0.5),
}

_ALIASES = {
    "hard_sigmoid": "hardsigmoid",
    "hard_swish": "hardswish",
    "hard_tanh": "hardtanh",
    "gelu_new": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "identity": "linear",
    "log_sigmoid": "logsigmoid",
    "relu2": "relu_squared",
    "swish": "silu",
}
