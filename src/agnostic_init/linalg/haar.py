"""The record of what is to be made: matrices of the Haar distribution, and where their normals lie."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, replace
from typing import Any

from agnostic_init.arrays.dtypes import format_of
from agnostic_init.arrays.errors import must
from agnostic_init.bits.block import Block, block
from agnostic_init.draws.distributions import normal_draw
from agnostic_init.draws.record import Draw

__all__ = ["Haar"]


@dataclass(frozen=True, slots=True)
class Haar:
    """A batch of matrices whose columns, or rows where they are fewer, are orthonormal.

    Attributes
    ----------
    batch, rows, columns
        The shape.
    dtype
        The name of the result's dtype.
    gain
        What the matrices are multiplied with.
    special
        Whether the determinants shall be 1 (before the gain).
    within
        Where the batch lies in a longer one that it is a part of; None if it is whole.

    Notes
    -----
    The vectors that are reflected are the rows of a Gaussian array of shape ``(*batch, short,
    long)``, vector ``k`` from its place ``k`` on. So a wide matrix is the transpose of the tall one
    of the same key, and the first columns of a tall matrix are the tall matrix of fewer columns.
    """

    batch: tuple[int, ...]
    rows: int
    columns: int
    dtype: str
    gain: float = 1.0
    special: bool = False
    within: Block | None = None

    def __post_init__(self) -> None:
        if format_of(self.dtype).itemsize == 1:
            raise must(
                "dtype",
                "must have 16 bits or more for an orthogonal matrix",
                self.dtype,
                "float16 or bfloat16, and a cast of the result",
            )
        if self.special and self.rows != self.columns:
            raise must(
                "special",
                "must be False where the matrices are not square, as they have no determinant",
                (self.rows, self.columns),
            )
        # Half, so that no rounding of an entry of 1 on the way makes it infinite.
        most = format_of(self.dtype).max / 2
        if abs(self.gain) > most:
            rule = f"must be at most {most:g}, half of the largest {self.dtype}"
            raise must("gain", rule, self.gain, "a smaller gain, or another dtype")
        if self.gain and not format_of(self.dtype).nearest(self.gain):
            raise must("gain", f"must not vanish in {self.dtype}", self.gain, "a larger one")

    @property
    def long(self) -> int:
        """The length of the reflected vectors."""
        return max(self.rows, self.columns)

    @property
    def short(self) -> int:
        """The number of the reflected vectors."""
        return min(self.rows, self.columns)

    @property
    def wide(self) -> bool:
        """Whether the rows, not the columns, are orthonormal."""
        return self.rows < self.columns

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the result."""
        return (*self.batch, self.rows, self.columns)

    @property
    def size(self) -> int:
        """How many elements the result has."""
        return math.prod(self.shape)

    @property
    def is_complex(self) -> bool:
        """Whether the matrices are unitary."""
        return format_of(self.dtype).is_complex

    @property
    def compute(self) -> str:
        """The name of the dtype that all is computed in."""
        form = format_of(self.dtype)
        return form.name if form.is_complex else form.compute

    @property
    def places(self) -> Block:
        """Where the batch lies in the whole one."""
        return block(self.batch) if self.within is None else self.within

    @property
    def draw(self) -> Draw:
        """What the normals are drawn by."""
        return _standard_normal(self.compute)

    def part(self, index: Any) -> Haar:
        """Some of the matrices, by slices of the batch."""
        within = self.places.part(index)
        return replace(self, batch=within.shape, within=within)

    def normals(self, start: int = 0, stop: int | None = None) -> Block:
        """The positions of the normals of vectors `start` to `stop`, from their place `start` on."""
        found = _normals(self.places, self.short, self.long)
        if start == 0 and stop in (None, self.short):
            return found
        return found.part((..., slice(start, stop), slice(start, None)))


@functools.cache
def _standard_normal(dtype: str) -> Draw:
    return normal_draw(0.0, 1.0, dtype)


@functools.lru_cache(maxsize=256)
def _normals(places: Block, short: int, long: int) -> Block:
    index = (*places.as_index, slice(None), slice(None))
    return block((*places.global_shape, short, long), index)
