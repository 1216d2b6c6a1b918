"""The record of what is to be made: matrices of the Haar distribution, and where their normals lie."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from agnostic_init.arrays.dtypes import format_of
from agnostic_init.arrays.errors import must
from agnostic_init.arrays.library import Library
from agnostic_init.arrays.target import Target
from agnostic_init.bits.block import Block, block, pieces
from agnostic_init.bits.key import Key
from agnostic_init.draws.distributions import normal_draw
from agnostic_init.draws.engines import host
from agnostic_init.draws.make import fill, make

__all__ = ["Haar"]

STACK = 1 << 19  # elements of matrices that are made together on a host
AT_ONCE = 1 << 17  # of those, normals that are drawn for all panels together
WHOLE_ROWS = 2048  # elements


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
    stack
        Where the batch, of one axis, is a part of a longer one: its first place there, and the
        length of that.

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
    stack: tuple[int, int] | None = None

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

    def panels(self, width: int) -> Iterator[tuple[int, int]]:
        """The first and one past the last vector of each panel, from the last panel to the first."""
        for start in range((self.short - 1) // width * width, -1, -width):
            yield start, min(start + width, self.short)

    def stacks(self, part: Any = (), most: int = STACK) -> Iterator[tuple[Any, Any]]:
        """Parts of the batch, or of a part of it, of at most so many elements or one matrix.

        Each is an index into what is made, and the index into the whole batch.
        """
        whole = block(self.batch, part)
        for index in pieces(whole.shape, max(1, most // max(1, self.rows * self.columns))):
            yield index, whole.part(index).as_index

    def drawn_at_once(self, size: int) -> bool:
        """Whether the normals of so many elements are better drawn before the panels."""
        return size <= (AT_ONCE if host.in_use() else STACK)

    def draw(self, key: Key, start: int, stop: int, target: Target, part: Any = ()) -> Any:
        """The normals of vectors `start` to `stop`, from place `start` on.

        Parameters
        ----------
        key
            Of the stream.
        start, stop
            The vectors.
        target
            The library and the device; the dtype is `compute`.
        part
            An index into the batch; by default all of it.
        """
        # To NumPy's engine one run of positions is dearer than a thousand more elements, so rows
        # that begin a little late are drawn from their beginning.
        skipped = start if start <= WHOLE_ROWS and not host.in_use() else 0
        rows = slice(start, stop), slice(start - skipped, None)
        normals = _normals(self)
        if part or (start, stop) != (0, self.short):
            index = (*part, ..., *rows) if len(part) < len(self.batch) else (*part, *rows)
            normals = normals.part(index)
        place = Target(target.library, self.compute, target.device)
        drawn = make(normal_draw(0.0, 1.0, self.compute), key, normals, place)
        return drawn[..., skipped:] if skipped else drawn

    def draw_into(
        self, key: Key, start: int, stop: int, out: Any, library: Library, part: Any = ()
    ) -> None:
        """Write the same normals into an array of the dtype `compute`, of any strides."""
        normals = _normals(self)
        if part or (start, stop) != (0, self.short):
            normals = normals.part((*part, ..., slice(start, stop), slice(start, None)))
        fill(normal_draw(0.0, 1.0, self.compute), key, normals, out, library)


@functools.lru_cache(maxsize=256)
def _normals(haar: Haar) -> Block:
    """The positions of all normals."""
    vectors = (haar.short, haar.long)
    if haar.stack is None:
        return block((*haar.batch, *vectors))
    first, length = haar.stack
    return block((length, *vectors), slice(first, first + haar.batch[0]))
