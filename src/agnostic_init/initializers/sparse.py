"""Sparse weights: most entries are zero, and every unit has equally many that are not."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from agnostic_init.arrays.dtypes import format_of
from agnostic_init.arrays.errors import check_choice, must
from agnostic_init.arrays.numbers import real_number
from agnostic_init.arrays.target import Target
from agnostic_init.bits.block import block
from agnostic_init.bits.key import Key
from agnostic_init.draws.distributions import bits_draw, normal_draw
from agnostic_init.draws.make import make
from agnostic_init.initializers.blocks import Whole

__all__ = ["sparse"]

AXES = {"column": -2, "row": -1}


@dataclass(frozen=True, repr=False)
class sparse(Whole):
    """Normals with a fixed fraction of zeros in every column, or in every row.

    Parameters
    ----------
    sparsity
        The fraction of zeros, in [0, 1]: of n entries, ``ceil(sparsity * n)`` are zero.
    std
        Standard deviation of the other entries.
    per
        "column": that many zeros in every column, as in torch, where a column holds the weights
        that leave one input. "row": that many in every row, as in MLX. With torch's weights, this
        limits the connections into a unit, as Martens did.

    Notes
    -----
    The zeros of a column are where its smallest random words are, so they are the same in every
    library. Since this needs the whole column, the initializer is not elementwise. The axes before
    the last two are a stack.

    References
    ----------
    Martens, "Deep learning via Hessian-free optimization", ICML 2010.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> (ai.sparse(0.75)((8, 3), key=0) == 0).sum(axis=0)
    array([6, 6, 6])
    """

    linear: ClassVar[tuple[str, ...]] = ("std",)

    sparsity: float = 0.9
    std: float = 0.01
    per: str = "column"

    def __post_init__(self) -> None:
        sparsity, std = real_number("sparsity", self.sparsity), real_number("std", self.std)
        if not 0 <= sparsity <= 1:
            raise must(
                "sparsity", "must be in [0, 1]", self.sparsity, "the fraction of zeros, as 0.9"
            )
        if std < 0:
            raise must("std", "must not be negative", self.std)
        check_choice("per", self.per, AXES)
        object.__setattr__(self, "sparsity", sparsity)
        object.__setattr__(self, "std", std)

    def check(self, shape: tuple[int, ...], dtype: str) -> None:
        if len(shape) < 2:
            raise must("shape", "must have two axes or more for a sparse weight", shape)
        normal_draw(0.0, self.std, dtype)

    def make_whole(self, shape: tuple[int, ...], key: Key, target: Target) -> Any:
        library, xp, everything = target.library, target.library.xp, block(shape)
        wide = "float32" if format_of(target.dtype).itemsize == 1 else target.dtype
        place = Target(library, wide, target.device)
        values = make(normal_draw(0.0, self.std, wide), key.fold_in(0), everything, place)
        place = Target(library, library.words, target.device)
        words = make(bits_draw(library.words), key.fold_in(1), everything, place)
        axis = AXES[self.per]
        order = xp.argsort(words, axis=axis, stable=True)
        rank = xp.argsort(order, axis=axis, stable=True)
        found = xp.where(rank < self._zeros(shape), xp.zeros_like(values), values)
        return found if wide == target.dtype else library.cast(found, target.dtype)

    def _zeros(self, shape: tuple[int, ...]) -> int:
        """How many entries of a column or row are zero."""
        return math.ceil(round(self.sparsity * shape[AXES[self.per]], 6))

    def statistics(self, shape: tuple[int, ...], dtype: str) -> dict[str, Any]:
        length = max(1, shape[AXES[self.per]])
        kept = 1 - self._zeros(shape) / length
        return {"distribution": "sparse normal", "mean": 0.0, "std": self.std * math.sqrt(kept)}
