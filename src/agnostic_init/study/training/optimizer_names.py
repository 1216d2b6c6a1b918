"""Optimizers by name."""

from __future__ import annotations

from typing import Any

from agnostic_init.arrays.errors import check_choice, must, must_be_type
from agnostic_init.study.training.optimizers import (
    SGD,
    AdaGrad,
    Adam,
    Momentum,
    Optimizer,
    RMSProp,
)

__all__ = ["OPTIMIZERS", "optimizer_of"]

#: The optimizers that have a name.
OPTIMIZERS: dict[str, type[Optimizer]] = {
    "sgd": SGD,
    "momentum": Momentum,
    "adagrad": AdaGrad,
    "rmsprop": RMSProp,
    "adam": Adam,
}


def optimizer_of(given: Any, rate: float | None = None) -> Optimizer:
    """Find an optimizer by its name, with another rate than its own if one is given.

    Examples
    --------
    >>> optimizer_of("adam", 0.01)
    Adam(rate=0.01, beta1=0.9, beta2=0.999, epsilon=1e-08)
    """
    if isinstance(given, Optimizer):
        if rate is not None:
            hint = f"{type(given).__name__}(rate={rate})"
            raise must("rate", "must stand in the optimizer, where that is no name", rate, hint)
        return given
    if isinstance(given, type) and issubclass(given, Optimizer):
        hint = f"{given.__name__}()"
        raise must_be_type("optimizer", "must be an optimizer, not its class", given, hint)
    check_choice("optimizer", given, OPTIMIZERS, "or one of study.SGD(rate=0.1) and its like")
    kind = OPTIMIZERS[given]
    return kind() if rate is None else kind(rate=rate)
