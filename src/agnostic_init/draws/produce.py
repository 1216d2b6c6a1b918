"""From parameters to an array, new or given: the one way in to the engines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agnostic_init.arrays.errors import must
from agnostic_init.arrays.out import check_out
from agnostic_init.arrays.target import in_chunks, resolve
from agnostic_init.arrays.untraced import untraced
from agnostic_init.bits.block import block, checked_shape
from agnostic_init.bits.key import key as make_key
from agnostic_init.draws.make import fill, make
from agnostic_init.draws.record import Draw

__all__ = ["produce"]


@untraced
def produce(
    draw_of: Callable[[str], Draw],
    shape: Any,
    *,
    key: Any,
    like: Any = None,
    xp: Any = None,
    dtype: Any = None,
    device: Any = None,
    index: Any = None,
    chunks: Any = None,
    out: Any = None,
) -> Any:
    """An array of the values of a draw, which is asked for by the name of its dtype."""
    part = block(checked_shape(shape), index)
    if out is None:
        target = in_chunks(resolve(like, xp, dtype, device, part.shape), chunks, part.shape)
        return make(draw_of(target.dtype), make_key(key), part, target)
    for name, value in (("like", like), ("xp", xp), ("device", device), ("chunks", chunks)):
        if value is not None:
            raise must(name, "must not be given together with `out`", value)
    library = check_out(out, part.shape)
    draw = draw_of(library.dtype_name(out.dtype))
    if dtype is not None and resolve(out, None, dtype).dtype != draw.dtype:
        raise must("dtype", f"must be that of `out`, {draw.dtype}", dtype)
    stream = make_key(key)
    inner = library.of_parts or library
    for view, place in library.parts(out):
        fill(draw, stream, part if place is None else part.part(place), view, inner)
    library.written(out)
    return out
