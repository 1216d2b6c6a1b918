"""Convolutions that are orthogonal and use the whole kernel."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from agnostic_init.arrays.formats import format_of
from agnostic_init.arrays.numbers import real_number
from agnostic_init.arrays.target import Target
from agnostic_init.bits.block import block
from agnostic_init.bits.key import Key
from agnostic_init.draws.distributions import normal_draw
from agnostic_init.draws.make import make
from agnostic_init.initializers.delta_orthogonal import convolution_parts
from agnostic_init.initializers.registry import register
from agnostic_init.initializers.whole import Whole
from agnostic_init.layouts.axes import Parts, check_layout
from agnostic_init.layouts.layout import Layout
from agnostic_init.linalg import select
from agnostic_init.linalg.haar import Haar
from agnostic_init.linalg.precision import full_precision

__all__ = ["conv_orthogonal"]


@register
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

    gain: float = 1.0
    layout: str | Layout | None = None
    groups: int = 1

    def __post_init__(self) -> None:
        layout, groups = check_layout(
            self.layout, self.groups, needed="it says where the kernel is"
        )
        object.__setattr__(self, "gain", real_number("gain", self.gain))
        object.__setattr__(self, "layout", layout)
        object.__setattr__(self, "groups", groups)

    def _check(self, shape: tuple[int, ...], dtype: str) -> None:
        Haar((), 1, 1, dtype)
        self._parts(shape)

    def _whole(self, shape: tuple[int, ...], key: Key, target: Target) -> Any:
        library, xp, parts = target.library, target.library.xp, self._parts(shape)
        kernel = tuple(part.length for part in parts.of("k"))
        steps = [
            axis for step in range(max(kernel) - 1) for axis, k in enumerate(kernel) if step < k - 1
        ]
        with full_precision(library, target.device):
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
        return select.make(haar, key.fold_in(0), place)

    def _masks(self, parts: Parts, steps: int, key: Key, target: Target) -> Any:
        """Which vectors of each basis span its subspace: each with probability 1/2."""
        library, shape = target.library, (parts.size("b"), steps, parts.size("o"))
        place = Target(library, "float32", target.device)
        coins = make(normal_draw(0.0, 1.0, "float32"), key.fold_in(1), block(shape), place)
        return library.cast(coins > 0, _compute(target.dtype))

    def _parts(self, shape: tuple[int, ...]) -> Parts:
        assert self.layout is not None
        return convolution_parts(shape, self.layout, self.groups)

    def _statistics(self, shape: tuple[int, ...], dtype: str) -> dict[str, Any]:
        parts = self._parts(shape)
        places = max(1, parts.size("o") * parts.size("k"))
        return {
            "distribution": "orthogonal convolution",
            "mean": 0.0,
            "std": abs(self.gain) / math.sqrt(places),
        }


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
