"""Data that is made of a key: spirals, clusters, regression."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from agnostic_init.arrays.errors import must
from agnostic_init.arrays.numbers import positive_integer, real_number
from agnostic_init.bits.key import key as make_key
from agnostic_init.draws.functions import normal, uniform
from agnostic_init.study.training.data import Data, data_of

__all__ = ["clusters", "regression", "spirals"]


def spirals(
    samples: int = 1000, *, arms: int = 2, turns: float = 1.0, noise: float = 0.05, key: Any = 0
) -> Data:
    """Spirals in the plane, one for each class, that no straight line tells apart.

    Parameters
    ----------
    samples
        Of all arms together.
    arms
        The number of classes.
    turns
        How often an arm goes around.
    noise
        The standard deviation of what is added to both coordinates; arms end at radius 1.
    key
        Of positions, noise and split.

    Examples
    --------
    >>> print(spirals(400))
    spirals: 300 samples and 100 to test, 2 inputs, 2 classes
    """
    count, classes = _count(samples, 8), _count(arms, 2, "arms")
    around, sigma = real_number("turns", turns), _not_negative("noise", noise)
    stream = make_key(key)
    label = np.arange(count) % classes
    along = np.sqrt(uniform((count,), key=stream.fold_in("along"), dtype="float64"))
    angle = 2.0 * math.pi * (around * along + label / classes)
    x = along[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    x += sigma * normal((count, 2), key=stream.fold_in("noise"), dtype="float64")
    return data_of(x, label, key=stream, name="spirals")


def clusters(
    samples: int = 1000,
    *,
    features: int = 10,
    classes: int = 2,
    centers: int = 3,
    spread: float = 1.0,
    key: Any = 0,
) -> Data:
    """Normal clusters in several dimensions, some to each class.

    Parameters
    ----------
    samples
        Of all clusters together.
    features
        The number of inputs.
    classes, centers
        The number of classes, and of clusters in each.
    spread
        The standard deviation of a cluster; its center is normal with standard deviation 1.
    key
        Of centers, samples and split.

    Examples
    --------
    >>> print(clusters(400))
    clusters: 300 samples and 100 to test, 10 inputs, 2 classes
    """
    count, width = _count(samples, 8), _count(features, 1, "features")
    kinds, each = _count(classes, 2, "classes"), _count(centers, 1, "centers")
    sigma, stream = _not_negative("spread", spread), make_key(key)
    middles = normal((kinds * each, width), key=stream.fold_in("centers"), dtype="float64")
    which = np.arange(count) % (kinds * each)
    x = normal((count, width), key=stream.fold_in("samples"), dtype="float64")
    return data_of(middles[which] + sigma * x, which % kinds, key=stream, name="clusters")


def regression(
    samples: int = 1000,
    *,
    features: int = 10,
    outputs: int = 1,
    hidden: int = 20,
    noise: float = 0.1,
    key: Any = 0,
) -> Data:
    """Numbers that a network of tanh with one hidden layer makes of normal inputs, and noise.

    Parameters
    ----------
    samples, features, outputs
        How many there are.
    hidden
        The units of the network that makes the targets.
    noise
        The standard deviation of what is added, where that of the targets is about 1.
    key
        Of inputs, network, noise and split.

    Examples
    --------
    >>> print(regression(400, outputs=2))
    regression: 300 samples and 100 to test, 10 inputs, 2 outputs
    """
    count, width = _count(samples, 8), _count(features, 1, "features")
    found, units = _count(outputs, 1, "outputs"), _count(hidden, 1, "hidden")
    sigma, stream = _not_negative("noise", noise), make_key(key)
    x = normal((count, width), key=stream.fold_in("inputs"), dtype="float64")
    first = normal((width, units), key=stream.fold_in("first"), dtype="float64")
    second = normal((units, found), key=stream.fold_in("second"), dtype="float64")
    y = np.tanh(x @ first * 2.0 / math.sqrt(width)) @ second / math.sqrt(units)
    y += sigma * normal((count, found), key=stream.fold_in("noise"), dtype="float64")
    return data_of(x, y, key=stream, name="regression")


def _count(given: Any, least: int, name: str = "samples") -> int:
    count = positive_integer(name, given)
    if count < least:
        raise must(name, f"must be at least {least}", given)
    return count


def _not_negative(name: str, given: Any) -> float:
    number = real_number(name, given)
    if number < 0:
        raise must(name, "must not be negative", given)
    return number
