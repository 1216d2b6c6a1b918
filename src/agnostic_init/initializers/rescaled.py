"""Initializers times a factor that depends on the shape."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, ClassVar

from agnostic_init.arrays.errors import within
from agnostic_init.initializers.base import Initializer
from agnostic_init.initializers.blocks import OfAnother
from agnostic_init.initializers.multiplied import product

if TYPE_CHECKING:
    from agnostic_init.arrays.library import Library
    from agnostic_init.arrays.target import Target
    from agnostic_init.bits.block import Block
    from agnostic_init.bits.key import Key
    from agnostic_init.draws.record import Draw

__all__ = ["Rescaled", "rescaled"]


class Rescaled(OfAnother):
    """What another initializer makes, times a factor of the shape; `init` is the other.

    All work is that initializer's which the other is once it is multiplied.
    """

    linear: ClassVar[tuple[str, ...]] = ("init",)

    def factor_for(self, shape: tuple[int, ...]) -> float:
        """The factor of a weight of that global shape."""
        raise NotImplementedError

    def check(self, shape: tuple[int, ...], dtype: str) -> None:
        with within(self._place(shape)):
            rescaled(self, shape).check(shape, dtype)

    def draw(self, shape: tuple[int, ...], dtype: str) -> Draw | None:
        with within(self._place(shape)):
            return rescaled(self, shape).draw(shape, dtype)

    def make(self, shape: tuple[int, ...], key: Key | None, part: Block, target: Target) -> Any:
        with within(self._place(shape)):
            return rescaled(self, shape).make(shape, key, part, target)

    def write(self, key: Key | None, part: Block, out: Any, library: Library) -> None:
        with within(self._place(part.global_shape)):
            rescaled(self, part.global_shape).write(key, part, out, library)

    def statistics(self, shape: tuple[int, ...], dtype: str) -> dict[str, Any]:
        return rescaled(self, shape).statistics(shape, dtype)

    def together(self, shape: tuple[int, ...], dtype: str, library: Library, device: Any) -> int:
        return rescaled(self, shape).together(shape, dtype, library, device)

    def make_several(self, shape: tuple[int, ...], keys: list[Key], target: Target) -> list[Any]:
        return rescaled(self, shape).make_several(shape, keys, target)

    def write_several(
        self, shape: tuple[int, ...], keys: list[Key], outs: list[Any], library: Library
    ) -> None:
        rescaled(self, shape).write_several(shape, keys, outs, library)

    def _place(self, shape: tuple[int, ...]) -> str:
        return f"{type(self).__name__}, times {self.factor_for(shape):.6g}"


# Cached, as a model has few shapes and many weights of each.
@functools.lru_cache(maxsize=1024)
def rescaled(init: Rescaled, shape: tuple[int, ...]) -> Initializer:
    """The initializer that makes a weight of the shape: the other, multiplied."""
    other: Initializer = init.init
    factor = init.factor_for(shape)
    known = other.linear or type(other).multiplied is not Initializer.multiplied
    if known and not isinstance(other, Rescaled):
        return other.times(factor)
    from agnostic_init.initializers.product import Product  # which few need

    if isinstance(other, Rescaled):
        inner = rescaled(other, shape)
        if isinstance(inner, Product):  # whose factors would change places for ever
            return Product(inner.init, product("factor", inner.factor, factor))
        return other.times(factor)
    return Product(other, factor)
