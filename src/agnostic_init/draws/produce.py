"""From parameters to an array, new or given: the one way in to the engines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agnostic_init.arrays.errors import must, must_be_type
from agnostic_init.arrays.target import library_of, resolve
from agnostic_init.arrays.untraced import untraced
from agnostic_init.bits.block import block, checked_shape
from agnostic_init.bits.key import key as make_key
from agnostic_init.draws.make import fill, make
from agnostic_init.draws.record import Draw

__all__ = ["check_out", "produce"]


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
    out: Any = None,
) -> Any:
    """An array of the values of a draw, which is asked for by the name of its dtype."""
    part = block(checked_shape(shape), index)
    if out is None:
        target = resolve(like, xp, dtype, device, part.shape)
        return make(draw_of(target.dtype), make_key(key), part, target)
    for name, value in (("like", like), ("xp", xp), ("device", device)):
        if value is not None:
            raise must(name, "must not be given together with `out`", value)
    library = check_out(out, part.shape)
    draw = draw_of(library.dtype_name(out.dtype))
    if dtype is not None and resolve(out, None, dtype).dtype != draw.dtype:
        raise must("dtype", f"must be that of `out`, {draw.dtype}", dtype)
    fill(draw, make_key(key), part, out, library)
    return out


def check_out(out: Any, shape: tuple[int, ...], name: str = "out") -> Any:
    """The library of an array that is to be written, if it can be and has the right shape."""
    try:
        library = library_of(out)
    except TypeError:
        raise must_be_type(name, "must be an array of a supported library", out) from None
    if not library.writes:
        raise must_be_type(
            name,
            f"must be an array that can be written, which those of {library.name} cannot",
            type(out),
            "a new array, by like=array",
        )
    if tuple(out.shape) != shape:
        raise must(name, f"must have the shape {shape}", tuple(out.shape))
    reason = library.why_not_writable(out)
    if reason:
        raise must(name, f"must be writable, but it {reason}", type(out), "a copy of it")
    return library
