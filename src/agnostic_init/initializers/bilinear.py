"""Kernels of a transposed convolution that interpolates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from agnostic_init.arrays.errors import must
from agnostic_init.arrays.numbers import real_number
from agnostic_init.initializers.pattern import Pattern
from agnostic_init.initializers.registry import register
from agnostic_init.layouts.axes import check_layout
from agnostic_init.layouts.layout import Layout

__all__ = ["bilinear"]

PAIRS = ("diagonal", "all")


@register
@dataclass(frozen=True, repr=False)
class bilinear(Pattern):
    """Linear interpolation on every kernel axis, for upsampling by a transposed convolution.

    Parameters
    ----------
    layout
        What the axes are: ``"torch_transposed"``, or ``"*k o i"`` for Keras's transposed
        convolutions.
    groups
        The number of groups.
    pairs
        "diagonal": every channel is interpolated from itself, as in Chainer. "all": every output
        is the sum over all inputs, as in MXNet and Paddle.
    gain
        Factor that the kernel is multiplied by.

    Notes
    -----
    On an axis of length k, the values are ``1 - |x - (k - 1) / 2| / f``, for upsampling by
    ``f = ceil(k / 2)``. For a factor of `f`, take a kernel of length ``2 f - f % 2``.

    References
    ----------
    Long, Shelhamer, Darrell, "Fully convolutional networks for semantic segmentation", CVPR 2015,
    arXiv:1411.4038.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.bilinear(layout="torch_transposed")((1, 1, 4))
    array([[[0.25, 0.75, 0.75, 0.25]]], dtype=float32)
    """

    layout: str | Layout | None = None
    groups: int = 1
    pairs: str = "diagonal"
    gain: float = 1.0

    def __post_init__(self) -> None:
        layout, groups = check_layout(
            self.layout,
            self.groups,
            needed="it says which axes the kernel has",
            like='"torch_transposed", "*k o i" or "torch"',
        )
        if self.pairs not in PAIRS:
            raise must("pairs", f"must be one of {PAIRS}", self.pairs)
        object.__setattr__(self, "gain", real_number("gain", self.gain))
        object.__setattr__(self, "layout", layout)
        object.__setattr__(self, "groups", groups)

    def _profile(self, places: Any, length: int) -> Any:
        return 1.0 - np.abs(places - (length - 1) / 2) / ((length + 1) // 2)

    def _sums(self, length: int) -> tuple[float, float]:
        factor = (length + 1) // 2
        if length % 2:
            return float(factor), 1.0 + (factor - 1) * length / (3 * factor)
        return float(factor), (4 * factor**2 - 1) / (6 * factor) if factor else 0.0

    def _joins_all(self) -> bool:
        return self.pairs == "all"
