"""Losses of outputs, one for each network of a stack, with their gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agnostic_init.arrays.errors import check_choice
from agnostic_init.arrays.values import Value

__all__ = ["LOSSES", "Loss", "loss_of"]


class Loss(Value):
    """A loss of (namespace, outputs, targets).

    Both have the samples and the outputs as their last two axes.

    Attributes
    ----------
    value
        The mean over samples: an array of the axes before.
    gradient
        That of the value in the outputs.
    classifies
        Whether targets are classes, as rows with a single 1.
    """

    value: Callable[[Any, Any, Any], Any]
    gradient: Callable[[Any, Any, Any], Any]
    classifies: bool


def loss_of(name: Any) -> Loss:
    """Find a loss by its name: "cross_entropy", of the softmax of outputs, or "mean_squared_error".

    Examples
    --------
    >>> import numpy as np
    >>> loss_of("mean_squared_error").value(np, np.ones((2, 3)), np.zeros((2, 3))).item()
    1.0
    """
    check_choice("loss", name, LOSSES)
    return LOSSES[name]


def _log_normalizer(xp: Any, z: Any) -> tuple[Any, Any]:
    """The log of the sum of exponentials, and the exponentials over their sum."""
    most = xp.max(z, axis=-1, keepdims=True)
    powers = xp.exp(z - most)
    total = xp.sum(powers, axis=-1, keepdims=True)
    return xp.log(total) + most, powers / total


def _cross_entropy(xp: Any, z: Any, y: Any) -> Any:
    normalizer, _ = _log_normalizer(xp, z)
    return xp.mean(normalizer[..., 0] - xp.sum(z * y, axis=-1), axis=-1)


def _cross_entropy_gradient(xp: Any, z: Any, y: Any) -> Any:
    _, softmax = _log_normalizer(xp, z)
    return (softmax - y) / z.shape[-2]


def _squared_error(xp: Any, z: Any, y: Any) -> Any:
    error = z - y
    return xp.mean(error * error, axis=(-2, -1))


def _squared_error_gradient(xp: Any, z: Any, y: Any) -> Any:
    return (2.0 / (z.shape[-1] * z.shape[-2])) * (z - y)


#: By name; values and gradients are those of torch's functions of these names.
LOSSES = {
    "cross_entropy": Loss(_cross_entropy, _cross_entropy_gradient, True),
    "mean_squared_error": Loss(_squared_error, _squared_error_gradient, False),
}
