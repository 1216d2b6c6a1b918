"""The steps of a network, forward and backward, in operations of the array API standard.

A step maps (examples, units), or (examples, height, width, channels), to the same with other units.
``forward`` returns the result and what ``back`` needs of it: a tuple of arrays whose first axis is
that of the examples, or of length one. So the trace of one example, cut out by `of_example`, serves
as many gradients at once as there are rows: that is how Jacobians are made.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from agnostic_init.study.nonlinearity import Nonlinearity

__all__ = ["Activation", "Convolution", "Dense", "Norm", "Step", "Trace", "of_example"]

Trace = tuple[Any, ...]
EPSILON = 1e-5


class Step(Protocol):
    """A step of a network."""

    def forward(self, xp: Any, x: Any) -> tuple[Any, Trace]:
        """The result, and what `back` needs."""

    def back(self, xp: Any, g: Any, trace: Trace) -> Any:
        """The gradient of the step's input, of that of its result."""


def of_example(trace: Trace, which: int) -> Trace:
    """The trace of one example."""
    return tuple(each[which : which + 1, ...] if each.shape[0] > 1 else each for each in trace)


class Dense:
    """x W^T + b, of a weight of shape (out, in)."""

    def __init__(self, weight: Any, bias: Any) -> None:
        self.weight, self.bias = weight, bias

    def forward(self, xp: Any, x: Any) -> tuple[Any, Trace]:
        return x @ self.weight.T + self.bias, (x,)

    def back(self, xp: Any, g: Any, trace: Trace) -> Any:
        return g @ self.weight

    def weight_gradient(self, xp: Any, g: Any, trace: Trace) -> Any:
        """The gradient of the weight, summed over examples."""
        (x,) = trace
        return xp.matmul(g.T, x)


class Convolution:
    """A two-dimensional convolution that wraps around, of a weight of shape (out, in, k, k)."""

    def __init__(self, weight: Any, bias: Any) -> None:
        self.weight, self.bias = weight, bias

    def forward(self, xp: Any, x: Any) -> tuple[Any, Trace]:
        y: Any = None
        for shift, weight in self._taps():
            part = xp.roll(x, (-shift[0], -shift[1]), axis=(1, 2)) @ weight.T
            y = part if y is None else y + part
        return y + self.bias, (x,)

    def back(self, xp: Any, g: Any, trace: Trace) -> Any:
        found: Any = None
        for shift, weight in self._taps():
            part = xp.roll(g @ weight, shift, axis=(1, 2))
            found = part if found is None else found + part
        return found

    def weight_gradient(self, xp: Any, g: Any, trace: Trace) -> Any:
        """The gradient of the weight, summed over examples: taps first, as (k * k, out, in)."""
        (x,) = trace
        outs, ins = self.weight.shape[:2]
        rows = xp.reshape(g, (-1, outs)).T
        parts = []
        for shift, _ in self._taps():
            moved = xp.roll(x, (-shift[0], -shift[1]), axis=(1, 2))
            parts.append(xp.matmul(rows, xp.reshape(moved, (-1, ins))))
        return xp.stack(parts)

    def _taps(self) -> Iterator[tuple[tuple[int, int], Any]]:
        k = self.weight.shape[-1]
        for i in range(k):
            for j in range(k):
                yield (i - k // 2, j - k // 2), self.weight[:, :, i, j]


class Activation:
    """A function of each element."""

    def __init__(self, function: Nonlinearity) -> None:
        self.function = function

    def forward(self, xp: Any, x: Any) -> tuple[Any, Trace]:
        return self.function.value(x), (self.function.slope(x),)

    def back(self, xp: Any, g: Any, trace: Trace) -> Any:
        (slope,) = trace
        return g * slope


class Norm:
    """The mean, but for "rms_norm", subtracted, and divided by what remains in root mean square."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def forward(self, xp: Any, x: Any) -> tuple[Any, Trace]:
        axes = self._axes(x)
        if self.kind != "rms_norm":
            x = x - xp.mean(x, axis=axes, keepdims=True)
        inverse = 1.0 / xp.sqrt(xp.mean(x * x, axis=axes, keepdims=True) + EPSILON)
        made = x * inverse
        return made, (made, inverse)

    def back(self, xp: Any, g: Any, trace: Trace) -> Any:
        made, inverse = trace
        if self.kind == "batch_norm" and made.shape[0] == 1:
            return g * inverse  # of one example among many, whose statistics it hardly moves
        axes = self._axes(g)
        along = xp.mean(g * made, axis=axes, keepdims=True)
        if self.kind != "rms_norm":
            g = g - xp.mean(g, axis=axes, keepdims=True)
        return (g - made * along) * inverse

    def _axes(self, x: Any) -> tuple[int, ...]:
        return tuple(range(x.ndim - 1) if self.kind == "batch_norm" else range(1, x.ndim))
