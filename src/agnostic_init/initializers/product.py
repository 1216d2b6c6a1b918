"""Numbers that an initializer makes, multiplied once they are made."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from agnostic_init.arrays.dtypes import DTYPES, format_of
from agnostic_init.arrays.errors import must
from agnostic_init.arrays.target import Target
from agnostic_init.bits.block import Block
from agnostic_init.bits.key import Key
from agnostic_init.initializers.blocks import Blockwise, OfAnother

__all__ = ["Product"]


@dataclass(frozen=True, repr=False)
class Product(OfAnother, Blockwise):
    """The numbers that an initializer makes, times one that is rounded as they are."""

    init: Any
    factor: float

    def check(self, shape: tuple[int, ...], dtype: str) -> None:
        self.init.check(shape, _wide(dtype))
        form = format_of(dtype)
        own = abs(DTYPES[form.compute].nearest(self.factor))
        if own == 0 or not math.isfinite(own):
            raise must("factor", f"must be within the range of {form.compute}", self.factor)
        known = self.statistics(shape, dtype)
        reach = max((abs(known[n]) for n in ("low", "high", "std") if known.get(n)), default=0.0)
        if reach > form.max:
            rule = f"must not take numbers out of the range of {dtype}, as far as {reach:.3g}"
            raise must("factor", rule, self.factor, "a smaller one")

    def make_block(
        self, shape: tuple[int, ...], key: Key | None, part: Block, target: Target
    ) -> Any:
        place = Target(target.library, _wide(target.dtype), target.device)
        made = self.init.make(shape, key, part, place)
        # Rounded here, so that no library rounds it otherwise.
        factor = DTYPES[format_of(target.dtype).compute].nearest(self.factor)
        return target.library.cast(made * factor, target.dtype)

    def statistics(self, shape: tuple[int, ...], dtype: str) -> dict[str, Any]:
        known: dict[str, Any] = self.init.statistics(shape, dtype)
        for name in {"mean", "std", "low", "high"} & known.keys():
            if known[name] is not None:
                known[name] = known[name] * self.factor
        return known


def _wide(dtype: str) -> str:
    """The dtype that such arrays are computed in."""
    form = format_of(dtype)
    return dtype if form.is_complex else form.compute
