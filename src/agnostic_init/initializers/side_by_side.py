"""Initializers side by side along an axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from agnostic_init.arrays.errors import must, must_be_type
from agnostic_init.arrays.library import Library
from agnostic_init.arrays.numbers import as_integer, integer
from agnostic_init.arrays.target import Target
from agnostic_init.bits.block import Block, block
from agnostic_init.bits.key import Key
from agnostic_init.initializers.base import Initializer
from agnostic_init.initializers.blocks import Blockwise
from agnostic_init.initializers.description import mixed
from agnostic_init.initializers.lookup import found
from agnostic_init.initializers.parts import items

__all__ = ["blocks"]


@dataclass(frozen=True, repr=False)
class blocks(Blockwise):
    """Initializers side by side along an axis, each for a block of its own.

    Parameters
    ----------
    inits
        The initializers of the blocks, in their order. Each sees the shape of its block alone, and
        draws from the key ``key.fold_in(n)``, n its number.
    sizes
        The lengths of the blocks; equal ones by default.
    axis
        The axis that is cut.
    same_key
        Whether all draw from the key itself, so that the same initializer makes the same block.

    Raises
    ------
    ParameterError
        If the lengths do not add up to the axis, or it cannot be cut into so many equal ones.

    Examples
    --------
    The bias of an LSTM, whose second quarter is the forget gate's:

    >>> import agnostic_init as ai
    >>> ai.blocks(["zeros", "ones", "zeros", "zeros"])(8)
    array([0., 0., 1., 1., 0., 0., 0., 0.], dtype=float32)
    """

    linear: ClassVar[tuple[str, ...]] = ("inits",)

    inits: Any
    sizes: Any = None
    axis: int = 0
    same_key: bool = False

    def __post_init__(self) -> None:
        given = items("inits", self.inits, "must be a sequence of initializers")
        inits = tuple(found(each, f"inits[{n}]") for n, each in enumerate(given))
        if not inits:
            raise must("inits", "must not be empty", inits)
        object.__setattr__(self, "inits", inits)
        if self.sizes is not None:
            rule = f"must be {len(inits)} lengths, one for each initializer"
            sizes = [as_integer(each) for each in items("sizes", self.sizes, rule)]
            if len(sizes) != len(inits) or not all(n is not None and n >= 0 for n in sizes):
                raise must("sizes", rule, self.sizes)
            object.__setattr__(self, "sizes", tuple(sizes))
        object.__setattr__(self, "axis", integer("axis", self.axis))
        if not isinstance(self.same_key, bool):
            raise must_be_type("same_key", "must be True or False", self.same_key)

    @property
    def elementwise(self) -> bool:  # type: ignore[override]
        """Whether all are."""
        return all(each.elementwise for each in self.inits)

    @property
    def needs_key(self) -> bool:  # type: ignore[override]
        """Whether any does."""
        return any(each.needs_key for each in self.inits)

    def check(self, shape: tuple[int, ...], dtype: str) -> None:
        axis, sizes = self._cut(shape)
        for init, size in zip(self.inits, sizes, strict=True):
            init.check((*shape[:axis], size, *shape[axis + 1 :]), dtype)

    def make_block(
        self, shape: tuple[int, ...], key: Key | None, part: Block, target: Target
    ) -> Any:
        made = [
            piece.make(lengths, own, inner, target)
            for piece, lengths, own, inner, _ in self._pieces(key, part)
        ]
        axis, _ = self._cut(shape)
        if part.dropped[axis]:
            return made[0]
        kept = sum(not drop for drop in part.dropped[:axis])
        return target.library.xp.concat(made, axis=kept)

    def write(self, key: Key | None, part: Block, out: Any, library: Library) -> None:
        self.check(part.global_shape, library.dtype_name(out.dtype))
        axis, _ = self._cut(part.global_shape)
        kept = sum(not drop for drop in part.dropped[:axis])
        for piece, _, own, inner, where in self._pieces(key, part):
            view = out if where is None else out[(slice(None),) * kept + (where, ...)]
            piece.write(own, inner, view, library)

    def statistics(self, shape: tuple[int, ...], dtype: str) -> dict[str, Any]:
        axis, sizes = self._cut(shape)
        parts = [
            (size, init.statistics((*shape[:axis], size, *shape[axis + 1 :]), dtype))
            for init, size in zip(self.inits, sizes, strict=True)
        ]
        return {"distribution": "blocks"} | mixed(parts)

    def _cut(self, shape: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
        """The axis and the lengths of the blocks."""
        if not -len(shape) <= self.axis < len(shape):
            raise must("axis", f"must be one of the shape {shape}", self.axis)
        axis = self.axis % len(shape)
        sizes = self.sizes
        if sizes is None:
            size, rest = divmod(shape[axis], len(self.inits))
            if rest:
                rule = f"must be given, as {len(self.inits)} does not divide {shape[axis]}"
                hint = "another shape; for gates, cell='gru' or 'lstm'"
                raise must("sizes", rule, None, hint)
            sizes = (size,) * len(self.inits)
        if sum(sizes) != shape[axis]:
            raise must("sizes", f"must add up to axis {axis}, of length {shape[axis]}", sizes)
        return axis, sizes

    def _pieces(
        self, key: Key | None, part: Block
    ) -> list[tuple[Initializer, tuple[int, ...], Key | None, Block, slice | None]]:
        """For each block: its initializer, shape and key, what is asked of it, and where that goes."""
        shape = part.global_shape
        axis, sizes = self._cut(shape)
        start, step, count = part.starts[axis], part.steps[axis], part.counts[axis]
        found, low = [], 0
        for number, (init, size) in enumerate(zip(self.inits, sizes, strict=True)):
            first, last = _steps_within(start, step, count, low, low + size)
            lengths = (*shape[:axis], size, *shape[axis + 1 :])
            if part.dropped[axis] and first == last:
                low += size
                continue
            starts = (*part.starts[:axis], start + step * first - low, *part.starts[axis + 1 :])
            counts = (*part.counts[:axis], last - first, *part.counts[axis + 1 :])
            inner = part._replace(global_shape=lengths, starts=starts, counts=counts)
            if first == last:
                inner = inner._replace(starts=(*starts[:axis], 0, *starts[axis + 1 :]))
            if inner == block(lengths):
                inner = block(lengths)
            own = key if key is None or self.same_key else key.fold_in(number)
            where = None if part.dropped[axis] else slice(first, last)
            found.append((init, lengths, own, inner, where))
            low += size
        return found if step > 0 else found[::-1]


def _steps_within(start: int, step: int, count: int, low: int, high: int) -> tuple[int, int]:
    """The j of ``0 <= j < count`` for which ``low <= start + step * j < high``, as a range."""
    if step > 0:
        first, last = -((start - low) // step), -((start - high) // step)
    else:
        first, last = (start - high) // -step + 1, (start - low) // -step + 1
    first, last = min(max(first, 0), count), min(max(last, 0), count)
    return first, max(first, last)
