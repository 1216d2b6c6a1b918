"""Figures of an array of activations or gradients, whose first axis is that of the examples."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from agnostic_init.arrays.target import library_of
from agnostic_init.arrays.values import Record
from agnostic_init.study.nonlinearity import Nonlinearity
from agnostic_init.study.pictures import Histogram

__all__ = ["Size", "copies", "dead_units", "flat_values", "histogram", "norm", "similarity", "size"]

FLAT = 0.05  # of the steepest slope
STEEPEST_WITHIN = np.linspace(-3.0, 3.0, 601)
SAME = 1e-5  # of the largest value, which is rounding
BINS = 40
MOST = 1 << 21  # elements of a histogram


class Size(Record):
    """Mean, standard deviation and root mean square; NaN or infinite if any value is."""

    mean: float
    std: float
    rms: float

    @property
    def is_finite(self) -> bool:
        """Whether all values are."""
        return math.isfinite(self.rms)


def size(x: Any) -> Size:
    """How large the values of an array are; also where their squares would underflow or overflow."""
    xp = library_of(x).xp
    most = float(xp.max(xp.abs(x)))
    if not math.isfinite(most) or most == 0.0:
        return Size(most, most, most)
    scaled = x / most
    mean = float(xp.mean(scaled))
    apart = scaled - mean
    return Size(
        mean * most,
        math.sqrt(float(xp.mean(apart * apart))) * most,
        math.sqrt(float(xp.mean(scaled * scaled))) * most,
    )


def norm(x: Any) -> float:
    """The Euclidean norm of all elements."""
    return size(x).rms * math.sqrt(math.prod(x.shape))


def similarity(x: Any) -> float | None:
    """The mean cosine of two examples; None of one example, or where one has no direction."""
    xp, examples = library_of(x).xp, x.shape[0]
    most = float(xp.max(xp.abs(x)))
    if examples < 2 or not math.isfinite(most) or most == 0.0:
        return None
    rows = xp.reshape(x, (examples, -1)) / most
    lengths = xp.sqrt(xp.sum(rows * rows, axis=1, keepdims=True))
    if float(xp.min(lengths)) == 0.0:
        return None
    total = xp.sum(rows / lengths, axis=0)
    pairs: int = examples * (examples - 1)
    return float(float(xp.sum(total * total)) - examples) / pairs


def copies(x: Any) -> bool:
    """Whether all units, along the last axis, have the same values, to rounding."""
    if x.shape[-1] < 2:
        return False
    xp = library_of(x).xp
    most = float(xp.max(xp.abs(x)))
    return float(xp.max(xp.abs(x - x[..., :1]))) <= SAME * most


def dead_units(slopes: Any) -> float:
    """The share of units, along the last axis, with the slope zero everywhere else."""
    xp = library_of(slopes).xp
    most = xp.max(xp.abs(slopes), axis=tuple(range(slopes.ndim - 1)))
    return _share(xp, most == 0, slopes)


def flat_values(slopes: Any, activation: Nonlinearity) -> float:
    """The share of values at which an activation is nearly flat."""
    with np.errstate(all="ignore"):
        steepest = float(np.max(np.abs(activation.derivative(STEEPEST_WITHIN))))
    xp = library_of(slopes).xp
    return _share(xp, xp.abs(slopes) < FLAT * steepest, slopes)


def _share(xp: Any, true: Any, like: Any) -> float:
    return float(xp.mean(xp.astype(true, like.dtype)))


def histogram(name: str, x: Any) -> Histogram | None:
    """How the elements are distributed, of many some; None if they are not all finite."""
    library = library_of(x)
    x = library.xp.reshape(x, (-1,))[:: 1 + math.prod(x.shape) // MOST]
    host = np.asarray(library.to_host(x), np.float64)
    if not np.isfinite(host).all():
        return None
    low, high = float(host.min()), float(host.max())
    if high - low <= 1e-9 * max(abs(low), abs(high)):  # too near for bins between them
        half = 0.5 * (max(abs(low), abs(high)) or 1.0)
        low, high = low - half, high + half
    counts, edges = np.histogram(host, BINS, (low, high))
    return Histogram(name, tuple(map(float, edges)), tuple(map(float, counts)))
