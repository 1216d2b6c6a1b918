"""Mean and variance of a layer's outputs over a batch, for each channel."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from agnostic_init.arrays.dtypes import DTYPES
from agnostic_init.arrays.errors import must, must_be_type
from agnostic_init.arrays.library import Library
from agnostic_init.arrays.numbers import integer
from agnostic_init.arrays.target import library_of

__all__ = ["Moments", "floats_of", "moments_of"]


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Mean and variance of the channels of a layer's outputs; those of parts add up.

    Attributes
    ----------
    count
        How many numbers there are of each channel.
    mean, variance
        Of each channel, as arrays of one axis, of any library. The variance is that of the batch:
        the mean square of the differences from its mean. Of complex numbers it is real.

    Examples
    --------
    >>> import numpy as np
    >>> from agnostic_init.calibration import moments_of
    >>> outputs = np.array([[1.0, 10.0], [3.0, 10.0], [5.0, 40.0]])
    >>> whole = moments_of(outputs)
    >>> whole.mean, whole.variance
    (array([ 3., 20.]), array([  2.66666667, 200.        ]))
    >>> parts = moments_of(outputs[:1]) + moments_of(outputs[1:])
    >>> bool(np.allclose(parts.variance, whole.variance))
    True
    >>> sum(moments_of(outputs[n : n + 1]) for n in range(3)).count
    3
    """

    count: int
    mean: Any
    variance: Any

    def __add__(self, other: Any) -> Moments:
        if not isinstance(other, Moments):
            return NotImplemented
        if tuple(self.mean.shape) != tuple(other.mean.shape):
            rule = f"must have moments of {tuple(self.mean.shape)} channels, as what it is added to"
            raise must("other", rule, tuple(other.mean.shape))
        count = self.count + other.count
        if not self.count or not other.count:
            return self if self.count else other
        step = other.mean - self.mean
        mean = self.mean + step * (other.count / count)
        within = self.variance * (self.count / count) + other.variance * (other.count / count)
        between = abs(step) * abs(step) * (self.count * other.count / count**2)
        return Moments(count, mean, within + between)

    def __radd__(self, other: Any) -> Moments:
        # `sum` begins with 0.
        return self if isinstance(other, int) and other == 0 else NotImplemented

    @property
    def overall(self) -> Moments:
        """The moments of all outputs as one channel; of one axis still."""
        xp = library_of(self.mean).xp
        mean = _mean(xp, self.mean, (0,))
        apart = abs(self.mean - mean)
        variance = _mean(xp, self.variance, (0,)) + _mean(xp, apart * apart, (0,))
        return Moments(self.count * self.mean.shape[0], mean, variance)

    def on_host(self) -> Moments:
        """The same in NumPy's double precision."""
        return Moments(self.count, _wide(self.mean), _wide(self.variance))


def moments_of(outputs: Any, axis: int = -1) -> Moments:
    """The moments of each channel of a batch of outputs.

    Parameters
    ----------
    outputs
        An array of any library that follows the array API standard, of floating-point numbers. It
        may be traced.
    axis
        The one that channels lie along; all others are the batch. The last one for linear layers,
        1 for convolutions of torch.

    Returns
    -------
    Moments
        Of the outputs' library. Below float32 they are computed in float32.

    Raises
    ------
    ParameterTypeError
        If the outputs are no array, or none of floating-point numbers.
    ParameterError
        If they have no such axis.
    """
    try:
        library = library_of(outputs)
    except TypeError:
        raise must_be_type("outputs", "must be an array", outputs) from None
    xp, values = library.xp, floats_of(outputs, library)
    at = integer("axis", axis)
    if not -values.ndim <= at < values.ndim:
        raise must("axis", f"must be an axis of outputs of shape {tuple(values.shape)}", axis)
    at %= values.ndim
    others = tuple(n for n in range(values.ndim) if n != at)
    channels = int(values.shape[at])
    count = math.prod(int(values.shape[n]) for n in others)
    with np.errstate(all="ignore"):  # of what is not finite the moments are not either
        mean = _mean(xp, values, others)
        apart = xp.abs(values - mean)
        variance = _mean(xp, apart * apart, others)
    return Moments(count, xp.reshape(mean, (channels,)), xp.reshape(variance, (channels,)))


def floats_of(array: Any, library: Library) -> Any:
    """The array in float32 or what is wider, or an error if it has no floating-point numbers."""
    name = library.dtype_name(array.dtype)
    known = DTYPES.get(name)
    if known is None or known.kind not in ("float", "complex"):
        raise must_be_type("outputs", "must be of floating-point numbers", name)
    return library.cast(array, "float32") if known.kind == "float" and known.itemsize < 4 else array


def _mean(xp: Any, values: Any, axes: tuple[int, ...]) -> Any:
    """Means along some axes, which stay; of nothing, NaN."""
    count = math.prod(int(values.shape[n]) for n in axes)
    if not axes:
        return values
    total = xp.sum(values, axis=axes, keepdims=True)
    return total / count if count else total * math.nan


def _wide(array: Any) -> Any:
    """A small array of any library, as one of NumPy's."""
    held = np.asarray(library_of(array).to_host(array))
    return held.astype(np.complex128 if held.dtype.kind == "c" else np.float64)
