"""The usual activation functions and their slopes, in operations of the array API standard alone.

Others are computed by the host. A new one is a row of `ON_ARRAYS`; the tests hold every row to the
function of that name in ``gains/``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

__all__ = ["ON_ARRAYS"]

OnArrays = Callable[[Any, Any], Any]

_SELU_ALPHA = 1.6732632423543772
_SELU_SCALE = 1.0507009873554805
_TANH_GELU = math.sqrt(2 / math.pi)
_TANH_GELU_CUBE = 0.044715


def _constant(xp: Any, z: Any, value: float) -> Any:
    return xp.full_like(z, value)


def _sigmoid(xp: Any, z: Any) -> Any:
    return 0.5 * (1.0 + xp.tanh(0.5 * z))


def _softplus(xp: Any, z: Any) -> Any:
    positive = xp.where(z > 0, z, xp.zeros_like(z))
    return positive + xp.log1p(xp.exp(-xp.abs(z)))


def _exponential(xp: Any, z: Any, alpha: float, scale: float) -> Any:
    below = xp.where(z > 0, xp.zeros_like(z), z)
    return scale * xp.where(z > 0, z, alpha * xp.expm1(below))


def _exponential_slope(xp: Any, z: Any, alpha: float, scale: float) -> Any:
    below = xp.where(z > 0, xp.zeros_like(z), z)
    return scale * xp.where(z > 0, xp.ones_like(z), alpha * xp.exp(below))


def _tanh_gelu_inner(xp: Any, z: Any) -> Any:
    return xp.tanh(_TANH_GELU * (z + _TANH_GELU_CUBE * z * z * z))


def _tanh_gelu_slope(xp: Any, z: Any) -> Any:
    t = _tanh_gelu_inner(xp, z)
    inner = _TANH_GELU * (1.0 + 3 * _TANH_GELU_CUBE * z * z)
    return 0.5 * (1.0 + t) + 0.5 * z * (1.0 - t * t) * inner


def _silu_slope(xp: Any, z: Any) -> Any:
    s = _sigmoid(xp, z)
    return s * (1.0 + z * (1.0 - s))


def _tanh_slope(xp: Any, z: Any) -> Any:
    t = xp.tanh(z)
    return 1.0 - t * t


def _softsign_slope(xp: Any, z: Any) -> Any:
    below = 1.0 + xp.abs(z)
    return 1.0 / (below * below)


def _between(low: float, high: float, slope: float = 1.0) -> OnArrays:
    def slopes(xp: Any, z: Any) -> Any:
        inside = (z > low) & (z < high)
        return xp.where(inside, _constant(xp, z, slope), xp.zeros_like(z))

    return slopes


def _clipped(low: float, high: float, scale: float = 1.0, shift: float = 0.0) -> OnArrays:
    def values(xp: Any, z: Any) -> Any:
        moved = scale * z + shift
        above = xp.where(moved > low, moved, _constant(xp, z, low))
        return xp.where(above < high, above, _constant(xp, z, high))

    return values


_LINEAR = (lambda xp, z: z, lambda xp, z: xp.ones_like(z))
_SILU = (lambda xp, z: z * _sigmoid(xp, z), _silu_slope)

#: Of each name the function and its slope, as functions of a namespace and an array.
ON_ARRAYS: dict[str, tuple[OnArrays, OnArrays]] = {
    "elu": (
        lambda xp, z: _exponential(xp, z, 1.0, 1.0),
        lambda xp, z: _exponential_slope(xp, z, 1.0, 1.0),
    ),
    "gelu_tanh": (lambda xp, z: 0.5 * z * (1.0 + _tanh_gelu_inner(xp, z)), _tanh_gelu_slope),
    "hardsigmoid": (_clipped(0, 1, 1 / 6, 0.5), _between(-3, 3, 1 / 6)),
    "hardtanh": (_clipped(-1, 1), _between(-1, 1)),
    "identity": _LINEAR,
    "leaky_relu": (
        lambda xp, z: xp.where(z > 0, z, 0.01 * z),
        lambda xp, z: xp.where(z > 0, xp.ones_like(z), _constant(xp, z, 0.01)),
    ),
    "linear": _LINEAR,
    "relu": (lambda xp, z: xp.where(z > 0, z, xp.zeros_like(z)), _between(0, math.inf)),
    "relu6": (_clipped(0, 6), _between(0, 6)),
    "selu": (
        lambda xp, z: _exponential(xp, z, _SELU_ALPHA, _SELU_SCALE),
        lambda xp, z: _exponential_slope(xp, z, _SELU_ALPHA, _SELU_SCALE),
    ),
    "sigmoid": (_sigmoid, lambda xp, z: _sigmoid(xp, z) * _sigmoid(xp, -z)),
    "silu": _SILU,
    "sin": (lambda xp, z: xp.sin(z), lambda xp, z: xp.cos(z)),
    "softplus": (_softplus, _sigmoid),
    "softsign": (lambda xp, z: z / (1.0 + xp.abs(z)), _softsign_slope),
    "swish": _SILU,
    "tanh": (lambda xp, z: xp.tanh(z), _tanh_slope),
}
