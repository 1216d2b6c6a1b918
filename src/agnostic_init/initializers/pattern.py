"""Weights without randomness: a kernel between the channels that belong together."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from agnostic_init.arrays.errors import must
from agnostic_init.arrays.formats import FORMATS
from agnostic_init.arrays.target import Target
from agnostic_init.bits.block import Block
from agnostic_init.bits.key import Key
from agnostic_init.initializers.chunked import Chunked
from agnostic_init.initializers.places import LIMIT, digit, places_of, small
from agnostic_init.layouts.axes import Part, Parts, split_axes

__all__ = ["Pattern"]


class Pattern(Chunked):
    """``gain * prod_d f(x_d)`` where output and input channel are the same, and 0 elsewhere.

    A subclass is a frozen dataclass with the fields `gain`, `layout` and `groups`.
    """

    needs_key: ClassVar[bool] = False
    gain: float
    layout: Any
    groups: int

    def _parts(self, shape: tuple[int, ...]) -> Parts:
        return split_axes(shape, self.layout, self.groups)

    def _profile(self, places: Any, length: int) -> Any:
        """``f`` at some places of a kernel axis, in float64."""
        raise NotImplementedError

    def _sums(self, length: int) -> tuple[float, float]:
        """The sums of ``f`` and of its square over a kernel axis."""
        raise NotImplementedError

    def _joins_all(self) -> bool:
        """Whether every output has the kernel for every input."""
        return False

    def _check(self, shape: tuple[int, ...], dtype: str) -> None:
        self._parts(shape)
        form = FORMATS.get(dtype)
        if form is not None and abs(self.gain) > form.max:
            raise must("gain", f"must be at most {form.max:g}, the largest {dtype}", self.gain)

    def _block(self, shape: tuple[int, ...], key: Key | None, part: Block, target: Target) -> Any:
        library, xp, device = target.library, target.library.xp, target.device
        form = FORMATS.get(target.dtype)
        width = form.compute if form is not None else "float32"
        parts, places = self._parts(shape), _places(part)
        kernel = np.full((1,) * len(shape), float(self.gain))
        for each in parts.of("k"):
            kernel = kernel * self._profile(places[each.axis], each.length)
        values = library.from_host(kernel.astype(width), device)
        if self._joins_all():
            joined = xp.ones((1,) * len(shape), dtype=xp.bool, device=device)
        else:
            channels = (_combined(parts.of(role), places, len(shape)) for role in "oi")
            outputs, inputs = small(*channels)
            joined = library.from_host(outputs, device) == library.from_host(inputs, device)
        joined = xp.broadcast_to(joined, part.counts)
        made = library.cast(xp.where(joined, values, xp.zeros_like(values)), target.dtype)
        return xp.reshape(made, part.shape)

    def _statistics(self, shape: tuple[int, ...], dtype: str) -> dict[str, Any]:
        parts = self._parts(shape)
        sums = [self._sums(part.length) for part in parts.of("k")]
        total, squares = (math.prod(each) for each in zip(*sums, strict=True)) if sums else (1, 1)
        outputs, inputs = parts.size("o"), parts.size("i")
        joined = outputs * inputs if self._joins_all() else min(outputs, inputs)
        joined, elements = joined * parts.size("b"), max(1, math.prod(shape))
        mean = total * joined / elements
        variance = squares * joined / elements - mean**2
        return {
            "distribution": "pattern",
            "mean": self.gain * mean,
            "std": abs(self.gain) * math.sqrt(max(variance, 0.0)),
            "low": min(self.gain, 0.0),
            "high": max(self.gain, 0.0),
        }


def _places(part: Block) -> list[Any]:
    """Of each axis the places that the block takes, to be broadcast against the others."""
    rank = len(part.counts)
    return [
        places_of(start, step, count).reshape((count,) + (1,) * (rank - axis - 1))
        for axis, (start, step, count) in enumerate(
            zip(part.starts, part.steps, part.counts, strict=True)
        )
    ]


def _combined(parts: tuple[Part, ...], places: list[Any], rank: int) -> Any:
    """The index of a channel whose number is spread over several axes, the first the slowest."""
    index = np.zeros((1,) * rank, np.uint64)
    for part in parts:
        own = digit(places[part.axis], part.stride, part.length)
        # A factor of 2^64 is one of an index that is 0.
        index = index * np.uint64(part.length % LIMIT) + own
    return index
