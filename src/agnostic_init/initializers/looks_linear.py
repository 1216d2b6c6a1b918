"""Mirrored weights, by which a network of rectifiers begins as a linear one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from agnostic_init.arrays.errors import AmbiguousLayoutError, must
from agnostic_init.initializers.gathered import Gathered, Source
from agnostic_init.initializers.lookup import found
from agnostic_init.initializers.orthogonal import orthogonal
from agnostic_init.initializers.places import LIMIT, digit, remainder
from agnostic_init.initializers.registry import register
from agnostic_init.layouts.axes import Part, Parts, check_layout, split_axes, split_matrix_axes
from agnostic_init.layouts.layout import Layout

__all__ = ["looks_linear"]

MIRRORS = {"both": "oi", "outputs": "o", "inputs": "i"}


@register
@dataclass(frozen=True, repr=False)
class looks_linear(Gathered):
    """A smaller weight W and its negative, side by side, so that rectifiers cancel out.

    Every ``h`` before a rectifier has a ``-h`` beside it, and ``relu(h) - relu(-h) = h``. So the
    network computes the product of its W, deep and linear, until training breaks the symmetry.

    Parameters
    ----------
    init
        The initializer of W: an initializer, a name or a dictionary. The default is `orthogonal`.
    mirror
        "both": ``[[W, -W], [-W, W]]``, between rectifiers. "outputs": ``[W; -W]``, for the first
        layer. "inputs": ``[W, -W]``, for the last, and after concatenated rectifiers.
    layout
        What the axes are. Every stack, number and group is mirrored by itself.

    References
    ----------
    Balduzzi, Frean, Leary, Lewis, Ma, McWilliams, "The shattered gradients problem: if resnets are
    the answer, then what is the question?", ICML 2017, arXiv:1702.08591.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.looks_linear("identity")((4, 4)) + 0
    array([[ 1.,  0., -1.,  0.],
           [ 0.,  1.,  0., -1.],
           [-1.,  0.,  1.,  0.],
           [ 0., -1.,  0.,  1.]], dtype=float32)
    """

    init: Any = None
    mirror: str = "both"
    layout: str | Layout | None = None

    def __post_init__(self) -> None:
        layout, _ = check_layout(self.layout, 1)
        object.__setattr__(self, "layout", layout)
        if self.mirror not in MIRRORS:
            raise must("mirror", f"must be one of {tuple(MIRRORS)}", self.mirror)
        init = orthogonal(layout=layout) if self.init is None else self.init
        object.__setattr__(self, "init", found(init, "init"))

    def _sources(self, shape: tuple[int, ...]) -> tuple[tuple[int, ...], dict[int, Source]]:
        parts = self._parts(shape)
        small, sources = list(shape), {}
        for role in MIRRORS[self.mirror]:
            channels = parts.of(role)
            if len(channels) != 1:
                raise must("layout", f"must have one {role} axis", str(self.layout))
            part = channels[0]
            if part.length % 2:
                name = "outputs" if role == "o" else "inputs"
                raise must("shape", f"must have an even number of {name} to mirror", shape)
            small[part.axis] = shape[part.axis] // 2
            sources[part.axis] = _mirrored(part)
        return tuple(small), sources

    def _parts(self, shape: tuple[int, ...]) -> Parts:
        if self.layout is not None:
            return split_axes(shape, self.layout)
        if len(shape) > 2 or (len(shape) == 2 and self.mirror != "both"):
            message = (
                f"`layout` must be given for shape {shape} and mirror={self.mirror!r}, got None, as "
                'it says which axes are mirrored; try: layout="torch" or "keras"'
            )
            raise AmbiguousLayoutError(message)
        return split_matrix_axes(shape)


def _mirrored(part: Part) -> Source:
    """The first half of the part's channels, and their negatives."""
    half, stride = part.length // 2, part.stride

    def places(asked: Any) -> Any:
        before = digit(asked, part.length * stride, LIMIT)
        channel = remainder(digit(asked, stride, part.length), half)
        return (before * np.uint64(half) + channel) * np.uint64(stride) + remainder(asked, stride)

    return Source(places, lambda asked: digit(asked, stride, part.length) >= np.uint64(half))
