"""Convolutions that are orthogonal: an orthogonal matrix at one place of the kernel."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from agnostic_init.arrays.errors import must
from agnostic_init.arrays.numbers import real_number
from agnostic_init.arrays.target import Target
from agnostic_init.bits.key import Key
from agnostic_init.initializers.registry import register
from agnostic_init.initializers.whole import Whole
from agnostic_init.layouts.axes import Parts, center_of, check_center, check_layout, split_axes
from agnostic_init.layouts.layout import Layout
from agnostic_init.linalg import select
from agnostic_init.linalg.haar import Haar

__all__ = ["convolution_parts", "delta_orthogonal"]

MOST_AXES = 3


@register
@dataclass(frozen=True, repr=False)
class delta_orthogonal(Whole):
    """A Haar-distributed orthogonal matrix at the center of the kernel, and zeros around it.

    The convolution preserves the norm of its input, up to the gain. There must be at least as many
    outputs as inputs, and one to three kernel axes.

    Parameters
    ----------
    gain
        Factor that the kernel is multiplied by.
    layout
        What the axes are: ``"torch"``, ``"keras"`` (as in JAX and TensorFlow), or axis tokens.
    groups
        The number of groups. Each has a matrix of its own.
    center
        Where the matrix lies on a kernel axis of length k: at ``(k - 1) // 2`` ("same", as in JAX
        and TensorFlow, right with ``padding="same"``) or at ``k // 2`` ("torch").

    References
    ----------
    Xiao, Bahri, Sohl-Dickstein, Schoenholz, Pennington, "Dynamical isometry and a mean field theory
    of CNNs: how to train 10,000-layer vanilla convolutional neural networks", ICML 2018,
    arXiv:1806.05393.

    Examples
    --------
    >>> import numpy as np
    >>> import agnostic_init as ai
    >>> w = ai.delta_orthogonal(layout="torch")((8, 4, 3, 3), key=0)
    >>> bool(np.allclose(w[:, :, 1, 1].T @ w[:, :, 1, 1], np.eye(4), atol=1e-6))
    True
    >>> float(abs(w).sum() - abs(w[:, :, 1, 1]).sum())
    0.0
    """

    gain: float = 1.0
    layout: str | Layout | None = None
    groups: int = 1
    center: str = "same"

    def __post_init__(self) -> None:
        layout, groups = check_layout(
            self.layout, self.groups, needed="it says where the kernel is"
        )
        check_center(self.center)
        object.__setattr__(self, "gain", real_number("gain", self.gain))
        object.__setattr__(self, "layout", layout)
        object.__setattr__(self, "groups", groups)

    def _check(self, shape: tuple[int, ...], dtype: str) -> None:
        self._haar(self._parts(shape), dtype)

    def _whole(self, shape: tuple[int, ...], key: Key, target: Target) -> Any:
        library, xp, parts = target.library, target.library.xp, self._parts(shape)
        place = Target(library, target.dtype, target.device)
        made = select.make(self._haar(parts, target.dtype), key, place)
        matrix = (*parts.order("b"), *parts.order("o"), *parts.order("i"))
        order = (*matrix, *parts.order("k"))
        lengths = [parts.lengths[n] for n in matrix] + [1] * (len(order) - len(matrix))
        made = xp.reshape(made, tuple(lengths))
        made = xp.permute_dims(made, tuple(order.index(n) for n in range(len(order))))
        there = np.ones((1,) * len(order), bool)
        for n in parts.order("k"):
            length = parts.lengths[n]
            at = np.arange(length) == center_of(length, self.center)
            there = there & at.reshape((length,) + (1,) * (len(order) - n - 1))
        mask = xp.broadcast_to(library.from_host(there, target.device), parts.lengths)
        return xp.reshape(xp.where(mask, made, xp.zeros_like(made)), shape)

    def _parts(self, shape: tuple[int, ...]) -> Parts:
        assert self.layout is not None
        return convolution_parts(shape, self.layout, self.groups)

    def _haar(self, parts: Parts, dtype: str) -> Haar:
        stack = tuple(part.length for part in parts.of("b"))
        batch = (math.prod(stack),) if stack else ()
        return Haar(batch, parts.size("o"), parts.size("i"), dtype, self.gain)

    def _statistics(self, shape: tuple[int, ...], dtype: str) -> dict[str, Any]:
        parts = self._parts(shape)
        places = max(1, parts.size("o") * parts.size("k"))
        return {
            "distribution": "delta-orthogonal",
            "mean": 0.0,
            "std": abs(self.gain) / math.sqrt(places),
        }


def convolution_parts(shape: tuple[int, ...], layout: str | Layout, groups: int = 1) -> Parts:
    """The parts of a kernel's axes, or raise where its convolution cannot be orthogonal."""
    parts = split_axes(shape, layout, groups)
    axes = len(parts.of("k"))
    if not 1 <= axes <= MOST_AXES:
        raise must(
            "shape",
            f"must have one to {MOST_AXES} kernel axes, and has {axes}",
            shape,
            "ai.orthogonal for a matrix" if not axes else "",
        )
    inputs, outputs = parts.size("i"), parts.size("o")
    if inputs > outputs:
        raise must(
            "shape",
            "must have as many outputs as inputs, or more, for an orthogonal convolution",
            f"{inputs} inputs and {outputs} outputs of {shape}",
            "ai.orthogonal, or another layout",
        )
    return parts
