"""Weights before a pixel shuffle, such that what comes out of it has no checkerboard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from agnostic_init.arrays.errors import must
from agnostic_init.arrays.numbers import positive_integer
from agnostic_init.initializers.gathered import Gathered, Source
from agnostic_init.initializers.lookup import found
from agnostic_init.initializers.places import remainder
from agnostic_init.initializers.registry import register
from agnostic_init.layouts.axes import check_layout, split_axes
from agnostic_init.layouts.layout import Layout

__all__ = ["icnr"]

SHUFFLES = ("torch", "tensorflow")


@register
@dataclass(frozen=True, repr=False)
class icnr(Gathered):
    """Initialization that makes a sub-pixel convolution act like a nearest-neighbour resize.

    All outputs that a pixel shuffle places side by side have the same kernel. `init` makes one
    kernel for each such set of outputs.

    Parameters
    ----------
    init
        The initializer of the smaller weight: an initializer, a name or a dictionary. The default
        is `he_normal` with the same layout.
    factor
        Factor by which the shuffle enlarges each axis.
    layout
        What the axes are.
    shuffle
        "torch" for ``PixelShuffle``, for which equal outputs are neighbours; "tensorflow" for
        ``depth_to_space`` and JAX, for which they are a fraction of the outputs apart.
    dims
        The number of axes that are enlarged. The default is the number of kernel axes.

    References
    ----------
    Aitken, Ledig, Theis, Caballero, Wang, Shi, "Checkerboard artifact free sub-pixel convolution",
    2017, arXiv:1707.02937.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> w = ai.icnr("normal", 2, layout="torch", dims=2)((8, 1), key=0)
    >>> bool((w[:4] == w[0]).all() and (w[4:] == w[4]).all())
    True
    """

    init: Any = None
    factor: int = 2
    layout: str | Layout | None = None
    shuffle: str = "torch"
    dims: int | None = None

    def __post_init__(self) -> None:
        layout, _ = check_layout(self.layout, 1, needed="it says which axis is repeated")
        init = {"name": "he_normal", "layout": layout} if self.init is None else self.init
        object.__setattr__(self, "init", found(init, "init"))
        object.__setattr__(self, "factor", positive_integer("factor", self.factor))
        if self.dims is not None:
            object.__setattr__(self, "dims", positive_integer("dims", self.dims))
        if self.shuffle not in SHUFFLES:
            raise must("shuffle", f"must be one of {SHUFFLES}", self.shuffle)
        object.__setattr__(self, "layout", layout)

    def _sources(self, shape: tuple[int, ...]) -> tuple[tuple[int, ...], dict[int, Source]]:
        assert self.layout is not None
        parts = split_axes(shape, self.layout)
        outputs = parts.of("o")
        if len(outputs) != 1 or outputs[0].length != shape[outputs[0].axis]:
            raise must("layout", "must have one o axis, of outputs alone", str(self.layout))
        axis, length = outputs[0].axis, outputs[0].length
        dims = len(parts.of("k")) if self.dims is None else self.dims
        copies = self.factor**dims
        if length % copies:
            raise must(
                "shape",
                f"must have outputs that {self.factor}^{dims} = {copies} divides",
                length,
                "another factor, or dims= where the kernel has other axes",
            )
        few = length // copies
        if self.shuffle == "torch":
            source = Source(lambda places: places // np.uint64(copies))
        else:
            source = Source(lambda places: remainder(places, few))
        return (*shape[:axis], few, *shape[axis + 1 :]), {axis: source}
