"""Samples to train with and to test with."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from agnostic_init.arrays.errors import check_choice, must, must_be_type
from agnostic_init.arrays.numbers import real_number
from agnostic_init.bits.key import Key
from agnostic_init.bits.key import key as make_key
from agnostic_init.draws.functions import bits

__all__ = ["Data", "data_of", "shuffled"]

SCALES = ("each", "together", "none")


@dataclass(frozen=True, eq=False)
class Data:
    """Samples to train with and to test with, in NumPy.

    Attributes
    ----------
    name
        What it is called.
    inputs, targets
        float64, of shapes (samples, inputs) and (samples, outputs); a class is a row with a 1.
    test_inputs, test_targets
        The same of samples that are kept apart.
    loss
        "cross_entropy" for classes, else "mean_squared_error".
    """

    name: str
    inputs: np.ndarray[Any, Any] = field(repr=False)
    targets: np.ndarray[Any, Any] = field(repr=False)
    test_inputs: np.ndarray[Any, Any] = field(repr=False)
    test_targets: np.ndarray[Any, Any] = field(repr=False)
    loss: str

    @property
    def classifies(self) -> bool:
        """Whether targets are classes."""
        return self.loss == "cross_entropy"

    @property
    def baseline(self) -> float:
        """The train loss of the best answer that is the same for every input."""
        mean = self.targets.mean(axis=0)
        if not self.classifies:
            return float(((self.targets - mean) ** 2).mean())
        return float(-sum(p * math.log(p) for p in mean.tolist() if p > 0))

    def __str__(self) -> str:
        kind = "classes" if self.classifies else "outputs"
        return (
            f"{self.name}: {len(self.inputs):,} samples and {len(self.test_inputs):,} to test, "
            f"{self.inputs.shape[1]} inputs, {self.targets.shape[1]} {kind}"
        )


def data_of(
    inputs: Any,
    targets: Any,
    *,
    key: Any = 0,
    test: float = 0.25,
    scale: str = "each",
    name: str = "data",
) -> Data:
    """Make data of a user's own samples: shuffled, split, moved and scaled.

    Inputs have mean 0 and standard deviation 1 over the samples to train with; one that does not
    vary becomes 0. Targets that are numbers are scaled likewise.

    Parameters
    ----------
    inputs
        Of shape (samples, inputs).
    targets
        Integers, one for each sample, are classes. Floats, of shape (samples,) or
        (samples, outputs), are numbers to be found by regression.
    key
        Of the split.
    test
        The part of the samples that is kept to test with, between 0 and 1.
    scale
        "each" input by itself; "together", where they are alike, as pixels are: all over one
        standard deviation; or "none", to leave inputs and targets as they are.
    name
        What the data is called.

    Raises
    ------
    ParameterError, ParameterTypeError
        If the shapes do not fit, or there are too few samples, or a number is not finite.

    Examples
    --------
    >>> print(data_of(np.eye(8), np.arange(8) % 2))
    data: 6 samples and 2 to test, 8 inputs, 2 classes
    """
    check_choice("scale", scale, SCALES)
    share = real_number("test", test)
    if not 0.0 < share < 1.0:
        raise must("test", "must be between 0 and 1", test, "0.25")
    x = _numbers("inputs", inputs)
    if x.ndim != 2 or x.shape[1] < 1:
        raise must("inputs", "must have the shape (samples, inputs)", x.shape, "inputs.reshape")
    y = np.asarray(targets)
    classes = y.dtype.kind in "biu"
    if classes and y.ndim == 2:
        rule = "must be of shape (samples,) where they are integers, which are classes"
        raise must("targets", rule, y.shape, "targets.argmax(axis=1), or floats for regression")
    if y.ndim not in (1, 2) or len(y) != len(x):
        raise must("targets", f"must be of {len(x)} samples, as `inputs`", y.shape)
    if classes:
        values = np.unique(y)
        if len(values) < 2:
            raise must("targets", "must be of at least two classes", values.tolist())
        z = (y[:, None] == values).astype(np.float64)
    else:
        z = _numbers("targets", targets).reshape(len(x), -1)
    apart = round(share * len(x))
    if not 1 <= apart < len(x) - 1:
        raise must("inputs", f"must be enough samples to keep {share:g} of them apart", len(x))
    order = shuffled(make_key(key).fold_in("split"), len(x))
    learnt, tested = order[apart:], order[:apart]
    if scale != "none":
        x = _scaled(x, x[learnt], scale)
        z = z if classes else _scaled(z, z[learnt], "each")
    loss = "cross_entropy" if classes else "mean_squared_error"
    return Data(name, x[learnt], z[learnt], x[tested], z[tested], loss)


def shuffled(key: Key, count: int) -> Any:
    """The integers below `count` in a random order: that of as many random words."""
    return np.argsort(bits((count,), key=key), stable=True)


def _scaled(values: Any, of: Any, scale: str) -> Any:
    spread = of.std(axis=0)
    if scale == "together":
        spread = np.sqrt(np.mean(spread * spread))
    return (values - of.mean(axis=0)) / np.where(spread > 0, spread, 1.0)


def _numbers(name: str, given: Any) -> Any:
    try:
        found = np.asarray(given, np.float64)
    except (TypeError, ValueError):
        raise must_be_type(name, "must be an array of numbers", given, "numpy.asarray") from None
    if not np.isfinite(found).all():
        raise must(name, "must be finite", found[~np.isfinite(found)][:3].tolist())
    return found
