"""Identities: matrices, and convolutions that change nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from agnostic_init.arrays.errors import must
from agnostic_init.arrays.numbers import real_number
from agnostic_init.initializers.pattern import Pattern
from agnostic_init.initializers.registry import register
from agnostic_init.layouts.axes import (
    Parts,
    center_of,
    check_center,
    check_layout,
    split_axes,
    split_matrix_axes,
)
from agnostic_init.layouts.layout import Layout, as_layout

__all__ = ["dirac", "identity"]


@register
@dataclass(frozen=True, repr=False)
class identity(Pattern):
    """Identity matrices, also rectangular ones, times a gain.

    Parameters
    ----------
    gain
        The value on the diagonals.
    layout
        What the axes are. Without it, the last two are the matrix and the axes before them a stack,
        as in Haiku and Sonnet. With it, every stack (``"b o i"``), number (``"(4 o) i"``) and group
        has an identity of its own.
    groups
        The number of groups.

    References
    ----------
    Le, Jaitly, Hinton, "A simple way to initialize recurrent networks of rectified linear units",
    2015, arXiv:1504.00941.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.identity(gain=2)((2, 3))
    array([[2., 0., 0.],
           [0., 2., 0.]], dtype=float32)
    """

    gain: float = 1.0
    layout: str | Layout | None = None
    groups: int = 1

    def __post_init__(self) -> None:
        layout, groups = check_layout(self.layout, self.groups)
        if layout is not None and as_layout(layout).has("k"):
            raise must("layout", "must have no kernel axes", layout, "ai.dirac for a convolution")
        object.__setattr__(self, "gain", real_number("gain", self.gain))
        object.__setattr__(self, "layout", layout)
        object.__setattr__(self, "groups", groups)

    def _parts(self, shape: tuple[int, ...]) -> Parts:
        if self.layout is None:
            return split_matrix_axes(shape)
        parts = split_axes(shape, self.layout, self.groups)
        if parts.of("k"):
            raise must("shape", "must have no kernel axes", shape, "ai.dirac for a convolution")
        return parts


@register
@dataclass(frozen=True, repr=False)
class dirac(Pattern):
    """Convolution kernels that pass as many channels as possible through unchanged.

    Parameters
    ----------
    groups
        The number of groups. Each passes its own channels through.
    gain
        The value at the centers.
    layout
        What the axes are. The default is torch's, whose ``dirac_`` this is.
    center
        Where the nonzero entry lies on a kernel axis of length k: at ``k // 2`` ("torch", right
        with ``padding=k // 2``), or at ``(k - 1) // 2`` ("same", right with ``padding="same"``).

    References
    ----------
    Zagoruyko, Komodakis, "DiracNets: training very deep neural networks without skip-connections",
    2017, arXiv:1706.00388.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.dirac()((2, 2, 3))
    array([[[0., 1., 0.],
            [0., 0., 0.]],
    <BLANKLINE>
           [[0., 0., 0.],
            [0., 1., 0.]]], dtype=float32)
    """

    groups: int = 1
    gain: float = 1.0
    layout: str | Layout = "torch"
    center: str = "torch"

    def __post_init__(self) -> None:
        layout, groups = check_layout(
            self.layout, self.groups, needed="it says where the kernel is"
        )
        check_center(self.center)
        object.__setattr__(self, "gain", real_number("gain", self.gain))
        object.__setattr__(self, "layout", layout)
        object.__setattr__(self, "groups", groups)

    def _profile(self, places: Any, length: int) -> Any:
        return (places == center_of(length, self.center)).astype(float)

    def _sums(self, length: int) -> tuple[float, float]:
        return (1.0, 1.0) if length else (0.0, 0.0)
