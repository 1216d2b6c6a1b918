"""Several blocks of one matrix, which is made once for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agnostic_init.arrays.library import Library
from agnostic_init.arrays.target import Target
from agnostic_init.bits.block import Block, block
from agnostic_init.bits.key import Key

if TYPE_CHECKING:
    from agnostic_init.initializers.base import Initializer

__all__ = ["write_together"]

WASTE = 4  # times the elements that are wanted; of a stack, far matrices are better made apart


def write_together(
    init: Initializer, key: Key | None, part: Block, out: Any, library: Library
) -> bool:
    """Whether all that this process has of an array was cut from one block, made for all its parts."""
    found = [
        (view, part if index is None else part.part(index)) for view, index in library.parts(out)
    ]
    if len(found) < 2 or any(step < 0 for _, place in found for step in place.steps):
        return False
    low = [min(each) for each in zip(*(place.starts for _, place in found), strict=True)]
    high = [
        max(place.starts[n] + place.steps[n] * (place.counts[n] - 1) + 1 for _, place in found)
        for n in range(len(low))
    ]
    around = block(part.global_shape, tuple(map(slice, low, high)))
    if around.size > WASTE * sum(place.size for _, place in found):
        return False
    inner = library.of_parts or library
    first = found[0][0]
    with inner.on(inner.device_of(first)):
        target = Target(inner, library.dtype_name(out.dtype), inner.device_of(first))
        made = init.make(part.global_shape, key, around, target)
        for view, place in found:
            starts = tuple(at - lowest for at, lowest in zip(place.starts, low, strict=True))
            inner.write(
                view, made[place._replace(global_shape=around.shape, starts=starts).as_index]
            )
    library.written(out)
    return True
