"""Frequencies of random features: of Fourier features, and of those that approximate a kernel."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from agnostic_init.arrays.dtypes import format_of
from agnostic_init.arrays.errors import must
from agnostic_init.arrays.numbers import real_number
from agnostic_init.arrays.target import Target
from agnostic_init.bits.block import block
from agnostic_init.bits.key import Key
from agnostic_init.draws.distributions import normal_draw
from agnostic_init.draws.make import make
from agnostic_init.initializers.blocks import Whole
from agnostic_init.initializers.random import normal, uniform
from agnostic_init.layouts.axes import check_layout, split_axes
from agnostic_init.linalg import make as matrices
from agnostic_init.linalg.haar import Haar

__all__ = ["fourier_features", "orthogonal_random_features", "random_features", "random_phases"]


def fourier_features(std: float = 10.0) -> normal:
    """The frequencies B of Gaussian Fourier features, ``[cos(2 pi B x), sin(2 pi B x)]``: N(0, std^2).

    Parameters
    ----------
    std
        The bandwidth: how many oscillations a unit of the coordinates may have. It is to be tuned;
        the paper's images have 10.

    References
    ----------
    Tancik, Srinivasan, Mildenhall, Fridovich-Keil, Raghavan, Singhal, Ramamoorthi, Barron, Ng,
    "Fourier features let networks learn high frequency functions in low dimensional domains", NeurIPS
    2020, arXiv:2006.10739, section 6.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.fourier_features(10)
    normal(mean=0.0, std=10.0)
    """
    number = real_number("std", std)
    if number <= 0:
        raise must("std", "must be positive", std)
    return normal(0.0, number)


def random_features(length_scale: float = 1.0) -> normal:
    """The frequencies W of random features for the Gaussian kernel: ``N(0, 1 / length_scale^2)``.

    The mean over features of ``2 cos(W x + b) cos(W y + b)``, with b from `random_phases`, is
    ``exp(-|x - y|^2 / (2 length_scale^2))``, and so is that of
    ``cos(W x) cos(W y) + sin(W x) sin(W y)``.

    Parameters
    ----------
    length_scale
        The kernel's; positive.

    References
    ----------
    Rahimi, Recht, "Random features for large-scale kernel machines", NIPS 2007, algorithm 1 and
    figure 1.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.random_features(0.5)
    normal(mean=0.0, std=2.0)
    """
    return normal(0.0, 1.0 / _length("length_scale", length_scale))


def random_phases() -> uniform:
    """The phases b of random features ``cos(W x + b)``: uniform on [0, 2 pi).

    References
    ----------
    Rahimi, Recht, "Random features for large-scale kernel machines", NIPS 2007, algorithm 1.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.random_phases()
    uniform(low=0.0, high=6.283185307179586)
    """
    return uniform(0.0, 2.0 * math.pi)


@dataclass(frozen=True, repr=False)
class orthogonal_random_features(Whole):
    """Frequencies of random features that are orthogonal: the same kernel as from normals, with less variance.

    ``S Q / length_scale``: Q of Haar-distributed orthogonal matrices, as many as there are features
    for, and S the norms of independent normal vectors, so that every frequency by itself has the
    distribution ``N(0, 1 / length_scale^2)`` of `random_features`.

    Parameters
    ----------
    length_scale
        The kernel's; positive.
    layout
        Which axis the features are, the o axis, and which the coordinates, the i axis: "torch" for
        ``W x``, "keras" for ``x W``. There is no default.

    Raises
    ------
    AmbiguousLayoutError
        If no layout is given.
    ParameterError
        If the shape has other than two axes, or the dtype is complex.

    References
    ----------
    Yu, Suresh, Choromanski, Holtmann-Rice, Kumar, "Orthogonal random features", NIPS 2016,
    arXiv:1610.09072, section 3.

    Examples
    --------
    >>> import numpy as np
    >>> import agnostic_init as ai
    >>> w = ai.orthogonal_random_features(layout="torch")((6, 3), key=0)
    >>> products = np.abs(w[:3] @ w[:3].T)
    >>> bool(np.allclose(products, np.diag(np.diag(products)), atol=1e-5))
    True
    """

    length_scale: float = 1.0
    layout: str | None = None

    def __post_init__(self) -> None:
        length = _length("length_scale", self.length_scale)
        layout, _ = check_layout(self.layout, 1, needed="it says which axis has the features")
        object.__setattr__(self, "length_scale", length)
        object.__setattr__(self, "layout", layout)

    def check(self, shape: tuple[int, ...], dtype: str) -> None:
        assert self.layout is not None
        if format_of(dtype).is_complex:
            raise must("dtype", "must be real for random features", dtype)
        normal_draw(0.0, 1.0 / self.length_scale, dtype)
        _haar(*self._sides(shape)[:2], format_of(dtype).compute)

    def _sides(self, shape: tuple[int, ...]) -> tuple[int, int, bool]:
        """Features, coordinates, and whether the coordinates are the first axis."""
        assert self.layout is not None
        parts = split_axes(shape, self.layout)
        plain = [part.axis for role in "oi" for part in parts.of(role)]
        if len(shape) != 2 or len(plain) != 2 or len({*plain}) != 2:
            rule = "must have an axis of features and one of coordinates"
            raise must("shape", rule, shape)
        return parts.size("o"), parts.size("i"), plain[0] == 1

    def make_whole(self, shape: tuple[int, ...], key: Key, target: Target) -> Any:
        library, xp = target.library, target.library.xp
        features, coordinates, flipped = self._sides(shape)
        compute = format_of(target.dtype).compute
        place = Target(library, compute, target.device)
        haar = _haar(features, coordinates, compute)
        made = xp.reshape(matrices.make(haar, key.fold_in(0), place), (-1, coordinates))
        lengths = (features, coordinates)
        vectors = make(normal_draw(0.0, 1.0, compute), key.fold_in(1), block(lengths), place)
        norms = xp.sqrt(xp.sum(vectors * vectors, axis=1, keepdims=True))
        found = made[:features, :] * (norms / self.length_scale)
        return library.cast(found.T if flipped else found, target.dtype)

    def statistics(self, shape: tuple[int, ...], dtype: str) -> dict[str, Any]:
        std = 1.0 / self.length_scale
        return {"distribution": "orthogonal rows of normals", "mean": 0.0, "std": std}


def _haar(features: int, coordinates: int, dtype: str) -> Haar:
    """The orthogonal matrices; of one that is wide no more rows than are needed."""
    count = -(-features // max(coordinates, 1))
    return Haar((count,), min(features, coordinates), coordinates, dtype)


def _length(name: str, value: Any) -> float:
    number = real_number(name, value)
    if number <= 0:
        raise must(name, "must be positive", value)
    if not 1e-290 < number < 1e290:
        raise must(name, "must be within the range of a float, and its reciprocal too", value)
    return number
