"""Weights that are stacked along an axis: of experts, of adapters, of layers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from agnostic_init.arrays.errors import must
from agnostic_init.arrays.library import Library
from agnostic_init.arrays.numbers import integer
from agnostic_init.arrays.target import Target
from agnostic_init.bits.block import Block, block
from agnostic_init.bits.key import Key
from agnostic_init.draws.engines.host import keys_along
from agnostic_init.draws.make import fill_many, make_many
from agnostic_init.draws.record import draw_of
from agnostic_init.initializers.blocks import Blockwise, OfAnother
from agnostic_init.initializers.lookup import found

__all__ = ["stacked"]


@dataclass(frozen=True, repr=False)
class stacked(OfAnother, Blockwise):
    """An initializer for each place along an axis, where it makes what it makes alone.

    The weight at place n is that of the key ``key.fold_in(n)`` and of the shape without the axis, so
    that fans are those of one expert, one more expert changes no other, and each can be made again
    alone.

    Parameters
    ----------
    init
        The initializer of one weight: an initializer, a name or a dictionary.
    axis
        The axis of the stack.

    Raises
    ------
    ParameterError
        If the shape has no such axis.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> experts = ai.stacked(ai.he_normal("torch"))
    >>> w = experts((8, 64, 16), key=0)
    >>> one = ai.he_normal("torch")((64, 16), key=ai.key(0).fold_in(3))
    >>> bool((w[3] == one).all())
    True

    Slot 3 is reset, with another key or the same:

    >>> out = experts.fill(w[3], key=7, index=3, global_shape=w.shape)
    """

    linear: ClassVar[tuple[str, ...]] = ("init",)

    init: Any
    axis: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "init", found(self.init, "init"))
        object.__setattr__(self, "axis", integer("axis", self.axis))

    def check(self, shape: tuple[int, ...], dtype: str) -> None:
        axis = self._axis(shape)
        self.init.check((*shape[:axis], *shape[axis + 1 :]), dtype)

    def make_block(
        self, shape: tuple[int, ...], key: Key | None, part: Block, target: Target
    ) -> Any:
        library = target.library
        if library.writes:
            out = library.empty(part.shape, target.dtype, target.device)
            self.write(key, part, out, library)
            return out
        axis, places, inner = self._cut(part)
        made = self._made(key, places, inner, target)
        if part.dropped[axis]:
            return made[0]
        if not made:
            dtype = library.dtype(target.dtype)
            return library.xp.zeros(part.shape, dtype=dtype, device=target.device)
        return library.xp.stack(made, axis=sum(not drop for drop in part.dropped[:axis]))

    def write(self, key: Key | None, part: Block, out: Any, library: Library) -> None:
        dtype = library.dtype_name(out.dtype)
        self.check(part.global_shape, dtype)
        axis, places, inner = self._cut(part)
        kept = (slice(None),) * sum(not drop for drop in part.dropped[:axis])
        views = [out if part.dropped[axis] else out[(*kept, n, ...)] for n in range(len(places))]
        if not math.prod(part.shape):
            return
        lengths, most = inner.global_shape, 1
        draw = draw_of(self.init, lengths, dtype)
        if draw is not None and key is not None:
            fill_many(
                (draw, own, inner, view, library, None)
                for own, view in zip(keys_along(key, places), views, strict=True)
            )
            return
        if inner.whole and key is not None:
            most = self.init.together(lengths, dtype, library, library.device_of(out))
        for first in range(0, len(places), most):
            some = slice(first, first + most)
            if most > 1 and key is not None:
                keys = keys_along(key, places[some])
                self.init.write_several(lengths, keys, views[some], library)
            else:
                own = None if key is None else key.fold_in(places[first])
                self.init.write(own, inner, views[first], library)

    def number(self, dtype: str) -> float | None:
        number: float | None = self.init.number(dtype)
        return number

    def statistics(self, shape: tuple[int, ...], dtype: str) -> dict[str, Any]:
        axis = self._axis(shape)
        known: dict[str, Any] = self.init.statistics((*shape[:axis], *shape[axis + 1 :]), dtype)
        return known

    def _made(self, key: Key | None, places: range, inner: Block, target: Target) -> list[Any]:
        """A new array for each place."""
        lengths = inner.global_shape
        draw = draw_of(self.init, lengths, target.dtype)
        if draw is not None and key is not None:
            return make_many([(draw, own, inner, target) for own in keys_along(key, places)])
        if key is None or not inner.whole:
            owns = [None] * len(places) if key is None else keys_along(key, places)
            return [self.init.make(lengths, own, inner, target) for own in owns]
        keys, made = keys_along(key, places), []
        most = self.init.together(lengths, target.dtype, target.library, target.device)
        for first in range(0, len(keys), most):
            made += self.init.make_several(lengths, keys[first : first + most], target)
        return made

    def _axis(self, shape: tuple[int, ...]) -> int:
        if not -len(shape) <= self.axis < len(shape):
            raise must("axis", f"must be one of the shape {shape}", self.axis)
        return self.axis % len(shape)

    def _cut(self, part: Block) -> tuple[int, range, Block]:
        """The axis, the places along it that a block has, and what it has of each weight there."""
        axis = self._axis(part.global_shape)
        start, step, count = part.starts[axis], part.steps[axis], part.counts[axis]
        places = range(start, start + step * count, step)
        inner = Block(*((*each[:axis], *each[axis + 1 :]) for each in part))
        whole = block(inner.global_shape)
        return axis, places, whole if inner == whole else inner
