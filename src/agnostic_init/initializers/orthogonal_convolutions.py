"""Convolutions that are orthogonal, by one place of the kernel or by the whole of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from agnostic_init.arrays.dtypes import format_of
from agnostic_init.arrays.errors import must
from agnostic_init.arrays.numbers import real_number
from agnostic_init.arrays.target import Target
from agnostic_init.bits.block import block
from agnostic_init.bits.key import Key
from agnostic_init.draws.distributions import normal_draw
from agnostic_init.draws.make import make
from agnostic_init.initializers.blocks import Whole
from agnostic_init.layouts.axes import Parts, center_of, check_center, check_layout, split_axes
from agnostic_init.linalg.haar import Haar
from agnostic_init.linalg.make import make as make_matrices

__all__ = ["conv_orthogonal", "delta_orthogonal"]

MOST_AXES = 3


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

    linear: ClassVar[tuple[str, ...]] = ("gain",)

    gain: float = 1.0
    layout: str | None = None
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

    def check(self, shape: tuple[int, ...], dtype: str) -> None:
        self._haar(self._parts(shape), dtype)

    def make_whole(self, shape: tuple[int, ...], key: Key, target: Target) -> Any:
        library, xp, parts = target.library, target.library.xp, self._parts(shape)
        place = Target(library, target.dtype, target.device)
        made = make_matrices(self._haar(parts, target.dtype), key, place)
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
        return _convolution_parts(shape, self.layout, self.groups)

    def _haar(self, parts: Parts, dtype: str) -> Haar:
        stack = tuple(part.length for part in parts.of("b"))
        batch = (math.prod(stack),) if stack else ()
        return Haar(batch, parts.size("o"), parts.size("i"), dtype, self.gain)

    def statistics(self, shape: tuple[int, ...], dtype: str) -> dict[str, Any]:
        parts = self._parts(shape)
        places = max(1, parts.size("o") * parts.size("k"))
        return {
            "distribution": "delta-orthogonal",
            "mean": 0.0,
            "std": abs(self.gain) / math.sqrt(places),
        }


@dataclass(frozen=True, repr=False)
class conv_orthogonal(Whole):
    """A random orthogonal convolution with one to three kernel axes.

    With circular padding, the convolution preserves the norm of its input, up to the gain. There
    must be at least as many outputs as inputs.

    Parameters
    ----------
    gain
        Factor that the kernel is multiplied by.
    layout
        What the axes are: ``"torch"``, ``"keras"`` (as in TensorFlow), or axis tokens.
    groups
        The number of groups. Each is a convolution of its own.

    Notes
    -----
    The kernel is ``Q * (P_1, I - P_1) * (P_2, I - P_2) * ...``: an orthogonal matrix convolved with
    pairs of projections, ``k - 1`` of them along each axis of length k, onto random subspaces of
    random dimension. For equal lengths, this is the construction of [1]_ and [2]_, which TensorFlow 1
    had as ``convolutional_orthogonal_1d`` to ``_3d``.

    References
    ----------
    .. [1] Kautsky, Turcajova, "A matrix approach to discrete wavelets", Wavelet Analysis and Its
       Applications 5 (1994) 117-135.
    .. [2] Xiao, Bahri, Sohl-Dickstein, Schoenholz, Pennington, "Dynamical isometry and a mean field
       theory of CNNs", ICML 2018, arXiv:1806.05393, algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> import agnostic_init as ai
    >>> w = ai.conv_orthogonal(layout="torch")((4, 4, 3), key=0)
    >>> response = np.fft.fft(w, n=8)[:, :, 5]
    >>> bool(np.allclose(response.conj().T @ response, np.eye(4), atol=1e-5))
    True
    """

    linear: ClassVar[tuple[str, ...]] = ("gain",)

    gain: float = 1.0
    layout: str | None = None
    groups: int = 1

    def __post_init__(self) -> None:
        layout, groups = check_layout(
            self.layout, self.groups, needed="it says where the kernel is"
        )
        object.__setattr__(self, "gain", real_number("gain", self.gain))
        object.__setattr__(self, "layout", layout)
        object.__setattr__(self, "groups", groups)

    def check(self, shape: tuple[int, ...], dtype: str) -> None:
        Haar((), 1, 1, dtype, self.gain)
        self._parts(shape)

    def make_whole(self, shape: tuple[int, ...], key: Key, target: Target) -> Any:
        library, xp, parts = target.library, target.library.xp, self._parts(shape)
        kernel = tuple(part.length for part in parts.of("k"))
        steps = [
            axis for step in range(max(kernel) - 1) for axis, k in enumerate(kernel) if step < k - 1
        ]
        with library.full_precision(target.device):
            bases = self._bases(parts, len(steps), key, target)
            # taps[..., k_1, .., k_d, i, o]: transposed, so that factors come from the right
            taps = bases[..., 0, : parts.size("i"), :] * self.gain
            taps = xp.reshape(taps, (*taps.shape[:-2], *(1,) * len(kernel), *taps.shape[-2:]))
            masks = self._masks(parts, len(steps), key, target)
            for n, axis in enumerate(steps):
                chosen = bases[..., n + 1, :, :] * masks[..., n, None, :]
                ones = (1,) * len(kernel)
                chosen = xp.reshape(chosen, (*chosen.shape[:-2], *ones, *chosen.shape[-2:]))
                taps = _times_projections(xp, taps, chosen, axis - len(kernel) - 2)
        return library.cast(_arranged(xp, taps, parts, shape), target.dtype)

    def _bases(self, parts: Parts, steps: int, key: Key, target: Target) -> Any:
        """The orthogonal matrix and the bases that subspaces are chosen from, of each group."""
        outputs = parts.size("o")
        haar = Haar((parts.size("b"), steps + 1), outputs, outputs, _compute(target.dtype))
        place = Target(target.library, haar.dtype, target.device)
        return make_matrices(haar, key.fold_in(0), place)

    def _masks(self, parts: Parts, steps: int, key: Key, target: Target) -> Any:
        """Which vectors of each basis span its subspace: each with probability 1/2."""
        library, shape = target.library, (parts.size("b"), steps, parts.size("o"))
        place = Target(library, "float32", target.device)
        coins = make(normal_draw(0.0, 1.0, "float32"), key.fold_in(1), block(shape), place)
        return library.cast(coins > 0, _compute(target.dtype))

    def _parts(self, shape: tuple[int, ...]) -> Parts:
        assert self.layout is not None
        return _convolution_parts(shape, self.layout, self.groups)

    def statistics(self, shape: tuple[int, ...], dtype: str) -> dict[str, Any]:
        parts = self._parts(shape)
        places = max(1, parts.size("o") * parts.size("k"))
        return {
            "distribution": "orthogonal convolution",
            "mean": 0.0,
            "std": abs(self.gain) / math.sqrt(places),
        }


def _convolution_parts(shape: tuple[int, ...], layout: str, groups: int = 1) -> Parts:
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


def _compute(dtype: str) -> str:
    form = format_of(dtype)
    return form.name if form.is_complex else form.compute


def _times_projections(xp: Any, taps: Any, chosen: Any, axis: int) -> Any:
    """The taps convolved with (P, I - P) along an axis, for ``P = C C^H``."""
    adjoint = xp.matrix_transpose(chosen)
    if xp.isdtype(chosen.dtype, "complex floating"):
        adjoint = xp.conj(adjoint)
    near = xp.matmul(xp.matmul(taps, chosen), adjoint)
    before = (slice(None),) * (taps.ndim + axis)
    empty = xp.zeros_like(near[(*before, slice(0, 1), ...)])
    return xp.concat([near, empty], axis=axis) + xp.concat([empty, taps - near], axis=axis)


def _arranged(xp: Any, taps: Any, parts: Parts, shape: tuple[int, ...]) -> Any:
    """From groups, kernel places, inputs, outputs to the order of the weight's axes."""
    order = [*parts.order("b"), *parts.order("k"), *parts.order("i"), *parts.order("o")]
    taken_apart = xp.reshape(taps, tuple(parts.lengths[n] for n in order))
    back = tuple(order.index(n) for n in range(len(order)))
    return xp.reshape(xp.permute_dims(taken_apart, back), shape)
