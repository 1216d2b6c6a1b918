"""A `Draw` for the compiled kernel: its parameters as plain numbers and arrays."""

from __future__ import annotations

import functools
import importlib
import sys
from typing import Any

import numpy as np

from agnostic_init.bits.block import Positions
from agnostic_init.bits.key import Key
from agnostic_init.draws.engines.numba.codes import BITS, CENTRAL, STORES, TAIL, UNIFORM
from agnostic_init.draws.quantile import Central, Tail
from agnostic_init.draws.record import Draw

__all__ = ["fill", "fill_from_words", "load", "ready", "supports"]

KERNEL = "agnostic_init.draws.engines.numba.kernel"
LIMIT = 1 << 64

VIEWS = [(np.dtype(name), np.empty(0, name)) for name in ("uint16", "uint32", "uint64")]
EMPTY = np.empty(0, np.uint32)
RANGE = Positions(0, (1,), (1,))


def supports(draw: Draw) -> bool:
    """Whether the kernel can make this draw; what it cannot is left to NumPy's."""
    if draw.dtype not in STORES or draw.kind not in ("bits", "uniform", "quantile"):
        return False
    return _parts(draw) == 1 or draw.shift == draw.shift_imag


def ready() -> bool:
    """Whether the compiled code is in this process."""
    return KERNEL in sys.modules and hasattr(sys.modules[KERNEL], "fill")


def load() -> None:
    """Load the compiled code from the cache on disk, or compile it and leave it there."""
    _compiled()


@functools.cache
def _compiled() -> Any:
    return importlib.import_module(KERNEL).fill


def fill(draw: Draw, key: Key, positions: Positions, out: Any, start: int, stop: int) -> None:
    """Write elements `start` to `stop` of a block, counted in its row-major order, into `out`.

    Parameters
    ----------
    draw
        One that `supports` says yes to.
    key, positions
        Whose words.
    out
        Contiguous, of one axis and of the whole block: of the draw's dtype, or of unsigned
        integers of its size.
    start, stop
        The part to write. Others may be written by other threads at the same time.
    """
    _call(draw, key, positions, EMPTY, out, start, stop)


def fill_from_words(draw: Draw, words: Any, out: Any) -> None:
    """Write the elements that are made of given words: `draw.words` of them each, in uint32."""
    _call(draw, Key(0), RANGE, words, out, 0, out.size)


def _call(
    draw: Draw, key: Key, positions: Positions, words: Any, out: Any, start: int, stop: int
) -> None:
    if start >= stop:
        return
    kind, parameters = _plain(draw)
    parts = _parts(draw)
    itemsize = out.itemsize // parts
    _compiled()(
        kind,
        STORES[draw.dtype],
        np.uint64(key.seed),
        np.uint64(key.offset),
        *_plain_positions(positions),
        parameters,
        words,
        *(out.view(view) if itemsize == view.itemsize else empty for view, empty in VIEWS),
        parts,
        start,
        stop,
    )


def _parts(draw: Draw) -> int:
    """Real numbers that an element is made of, all drawn alike."""
    return 2 if draw.format and draw.format.is_complex else 1


@functools.lru_cache(maxsize=1024)
def _plain(draw: Draw) -> tuple[int, Any]:
    """The kind of draw, and its parameters: four of the quantile, scale, shift and bounds."""
    q = draw.quantile
    if isinstance(q, Central):
        kind, numbers = CENTRAL, (q.middle, q.step, q.left, q.right)
    elif isinstance(q, Tail):
        kind, numbers = TAIL, (q.bound, q.ratio, q.step, q.sign)
    else:
        kind, numbers = BITS if draw.kind == "bits" else UNIFORM, (0.0,) * 4
    return kind, np.array([*numbers, draw.scale, draw.shift, draw.low, draw.high])


@functools.lru_cache(maxsize=1024)
def _plain_positions(positions: Positions) -> tuple[Any, Any, Any]:
    """Base, counts and strides."""
    strides = [stride % LIMIT for stride in positions.strides]
    counts = np.array(positions.counts, np.int64)
    return np.uint64(positions.base % LIMIT), counts, np.array(strides, np.uint64)
