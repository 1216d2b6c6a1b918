"""What an initializer does when it is called, and when it fills an array."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

from agnostic_init.arrays.errors import Wording, must, must_be_type
from agnostic_init.arrays.library import Library
from agnostic_init.arrays.out import check_out, library_of_out
from agnostic_init.arrays.target import Target, in_chunks, resolve
from agnostic_init.bits.block import Block, block, checked_shape
from agnostic_init.bits.key import Key
from agnostic_init.bits.key import key as make_key
from agnostic_init.draws.engines.host import in_use
from agnostic_init.draws.engines.native import fill_whole, packed
from agnostic_init.draws.make import fill, fill_memory, fill_on_gpu, make
from agnostic_init.draws.record import draw_of

if TYPE_CHECKING:
    from agnostic_init.initializers.base import Initializer

__all__ = ["called", "filled", "made", "whole_draw", "written"]


def called(
    init: Initializer,
    shape: Any,
    key: Any,
    like: Any,
    xp: Any,
    dtype: Any,
    device: Any,
    index: Any,
    chunks: Any,
) -> Any:
    """`Initializer.__call__`."""
    lengths = checked_shape(shape)
    part = block(lengths, index)
    target = resolve(like, xp, dtype, device, part.shape)
    if chunks is not None:
        target = in_chunks(target, chunks, part.shape)
    stream = _stream(init, key)
    with target.library.on(target.device):
        return init.make(lengths, stream, part, target)


def filled(init: Initializer, out: Any, key: Any, index: Any, global_shape: Any) -> Any:
    """`Initializer.fill`."""
    library = library_of_out(out)
    memory = library.ready(out)
    if memory is None:
        if index is None and global_shape is None and _filled_on_gpu(init, out, key, library):
            return out
        check_out(out)
    elif index is None and global_shape is None and in_use():
        whole = whole_draw(init, memory.shape, library.dtype_name(out.dtype))
        if whole is not None:
            stream = _stream(init, key)
            if stream is not None:
                fill_whole(*whole, stream, memory.address)
                library.all_written((out,))
                return out
    shape = tuple(out.shape)
    if index is None and global_shape is None:
        part = block(shape if memory is not None else checked_shape(shape))
    elif global_shape is None:
        raise must("global_shape", "must be given together with `index`", None)
    else:
        part = block(checked_shape(global_shape), index)
        if shape != part.shape:
            raise must("out", f"must have the shape {part.shape}", shape)
    stream = _stream(init, key)
    draw = None
    if memory is not None and stream is not None:
        draw = draw_of(init, part.global_shape, library.dtype_name(out.dtype))
    if draw is None or memory is None or stream is None:
        init.write_parts(stream, part, out, library)
    else:
        fill_memory(draw, stream, part, memory)
        library.written(out)
    return out


def _filled_on_gpu(init: Initializer, out: Any, key: Any, library: Library) -> bool:
    """Whether `out` was a run of a GPU's memory that nothing else decides about, and is filled."""
    found = library.all_on_gpu((out,))
    if found is None or key is None:
        return False
    shape = tuple(found[1][0])
    draw = draw_of(init, shape, library.dtype_name(out.dtype))
    return draw is not None and fill_on_gpu(draw, make_key(key), block(shape), out, library)


def made(
    init: Initializer, shape: tuple[int, ...], key: Key | None, part: Block, target: Target
) -> Any:
    """A new array of what the initializer draws."""
    draw = draw_of(init, shape, target.dtype)
    if draw is None or key is None:
        rule = "must give `draw` or `make`"
        hint = "a subclass of CustomInitializer, which has hooks that are documented"
        raise must_be_type(type(init).__name__, rule, Wording("neither of them"), hint)
    return make(draw, key, part, target)


def written(init: Initializer, key: Key | None, part: Block, out: Any, library: Library) -> None:
    """The same into an array that exists; of what is no draw, by way of a new one."""
    shape, dtype = part.global_shape, library.dtype_name(out.dtype)
    draw = draw_of(init, shape, dtype)
    if draw is not None and key is not None:
        fill(draw, key, part, out, library)
    else:
        target = Target(library, dtype, library.device_of(out), out)
        library.write(out, init.make(shape, key, part, target))


@functools.lru_cache(maxsize=1024)
def whole_draw(init: Initializer, shape: tuple[int, ...], dtype: str) -> tuple[bytes, int] | None:
    """What the compiled library makes of a whole array, and its elements; None where it makes none."""
    draw = draw_of(init, shape, dtype)
    return None if draw is None else (packed(draw)[0], math.prod(shape))


def _stream(init: Initializer, key: Any) -> Key | None:
    if key is not None or not init.needs_key:
        return None if key is None else make_key(key)
    raise must_be_type(
        "key",
        f"must be given, as {type(init).__name__} is random",
        None,
        "key=0, or key=ai.key('a name')",
    )
