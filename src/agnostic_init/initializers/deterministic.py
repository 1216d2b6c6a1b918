"""Weights without randomness: identities, and convolutions that pass on or interpolate."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from agnostic_init.arrays.dtypes import DTYPES, format_of
from agnostic_init.arrays.errors import check_choice, must
from agnostic_init.arrays.numbers import real_number
from agnostic_init.arrays.target import Target
from agnostic_init.bits.block import Block
from agnostic_init.bits.key import Key
from agnostic_init.initializers.blocks import LIMIT, Blockwise, comparable, digit, positions_of
from agnostic_init.initializers.constant_values import check_holds
from agnostic_init.layouts.axes import (
    Part,
    Parts,
    center_of,
    check_center,
    check_layout,
    split_axes,
    split_matrix_axes,
)
from agnostic_init.layouts.layout import parse_layout

__all__ = ["bilinear", "dirac", "identity"]

PAIRS = ("diagonal", "all")


class _SameChannel(Blockwise):
    """``gain * prod_d f(x_d)`` where output and input channel are the same, and 0 elsewhere.

    A subclass is a frozen dataclass with the fields `gain`, `layout` and `groups`.
    """

    needs_key: ClassVar[bool] = False
    linear: ClassVar[tuple[str, ...]] = ("gain",)
    gain: float
    layout: Any
    groups: int

    def _parts(self, shape: tuple[int, ...]) -> Parts:
        return split_axes(shape, self.layout, self.groups)

    def _profile(self, positions: Any, length: int) -> Any:
        """``f`` at some positions of a kernel axis, in float64."""
        raise NotImplementedError

    def _sums(self, length: int) -> tuple[float, float]:
        """The sums of ``f`` and of its square over a kernel axis."""
        raise NotImplementedError

    def _joins_all(self) -> bool:
        """Whether every output has the kernel for every input."""
        return False

    def check(self, shape: tuple[int, ...], dtype: str) -> None:
        self._parts(shape)
        check_holds(self.gain, dtype, "gain")
        row = DTYPES[dtype]
        if self.gain and not row.is_integer and not row.nearest(self.gain):
            raise must("gain", f"must not vanish in {dtype}", self.gain, "a larger one")
        check_holds(0.0, dtype)  # which is what stands beside it

    def make_block(
        self, shape: tuple[int, ...], key: Key | None, part: Block, target: Target
    ) -> Any:
        library, xp, device = target.library, target.library.xp, target.device
        row = DTYPES[target.dtype]
        if row.is_integer:
            width = row.name if row.name == row.storage else "int64"
        else:
            width = row.compute
        parts, positions = self._parts(shape), positions_of(part)
        kernel = np.full((1,) * len(shape), float(self.gain))
        for each in parts.of("k"):
            kernel = kernel * self._profile(positions[each.axis], each.length)
        values = library.from_host(kernel.astype(width), device)
        if self._joins_all():
            joined = xp.ones((1,) * len(shape), dtype=xp.bool, device=device)
        else:
            channels = (_combined(parts.of(role), positions, len(shape)) for role in "oi")
            outputs, inputs = comparable(*channels)
            joined = library.from_host(outputs, device) == library.from_host(inputs, device)
        joined = xp.broadcast_to(joined, part.counts)
        made = library.cast(xp.where(joined, values, xp.zeros_like(values)), target.dtype)
        return xp.reshape(made, part.shape)

    def statistics(self, shape: tuple[int, ...], dtype: str) -> dict[str, Any]:
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


@dataclass(frozen=True, repr=False)
class identity(_SameChannel):
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
    layout: str | None = None
    groups: int = 1

    def __post_init__(self) -> None:
        layout, groups = check_layout(self.layout, self.groups)
        if layout is not None and parse_layout(layout).has("k"):
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


@dataclass(frozen=True, repr=False)
class dirac(_SameChannel):
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
    layout: str = "torch"
    center: str = "torch"

    def __post_init__(self) -> None:
        layout, groups = check_layout(
            self.layout, self.groups, needed="it says where the kernel is"
        )
        check_center(self.center)
        object.__setattr__(self, "gain", real_number("gain", self.gain))
        object.__setattr__(self, "layout", layout)
        object.__setattr__(self, "groups", groups)

    def _profile(self, positions: Any, length: int) -> Any:
        return (positions == center_of(length, self.center)).astype(float)

    def _sums(self, length: int) -> tuple[float, float]:
        return (1.0, 1.0) if length else (0.0, 0.0)


@dataclass(frozen=True, repr=False)
class bilinear(_SameChannel):
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

    layout: str | None = None
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
        check_choice("pairs", self.pairs, PAIRS)
        object.__setattr__(self, "gain", real_number("gain", self.gain))
        object.__setattr__(self, "layout", layout)
        object.__setattr__(self, "groups", groups)

    def _profile(self, positions: Any, length: int) -> Any:
        return 1.0 - np.abs(positions - (length - 1) / 2) / ((length + 1) // 2)

    def _sums(self, length: int) -> tuple[float, float]:
        factor = (length + 1) // 2
        if length % 2:
            return float(factor), 1.0 + (factor - 1) * length / (3 * factor)
        return float(factor), (4 * factor**2 - 1) / (6 * factor) if factor else 0.0

    def _joins_all(self) -> bool:
        return self.pairs == "all"

    def check(self, shape: tuple[int, ...], dtype: str) -> None:
        format_of(dtype)  # integers have no fractions of the gain
        super().check(shape, dtype)


def _combined(parts: tuple[Part, ...], positions: list[Any], rank: int) -> Any:
    """The index of a channel whose number is spread over several axes, the first the slowest."""
    index = np.zeros((1,) * rank, np.uint64)
    for part in parts:
        own = digit(positions[part.axis], part.stride, part.length)
        # A factor of 2^64 is one of an index that is 0.
        index = index * np.uint64(part.length % LIMIT) + own
    return index
