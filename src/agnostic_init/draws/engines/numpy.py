"""The kernel that NumPy alone can run: chunks that stay in cache, written in place.

Uniforms and quantiles of 24 bits have their own passes; all else is the reference on chunks.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from agnostic_init.bits.block import Positions
from agnostic_init.bits.key import Key
from agnostic_init.bits.stream import element_words, words_at
from agnostic_init.bits.words import Wide
from agnostic_init.draws.engines.numpy_quantile import QuantilePass
from agnostic_init.draws.engines.numpy_symmetric import PROVEN, SymmetricPass
from agnostic_init.draws.engines.numpy_uniform import UniformPass
from agnostic_init.draws.engines.numpy_words import WordPass
from agnostic_init.draws.engines.storage import store
from agnostic_init.draws.quantile import Central
from agnostic_init.draws.record import Draw
from agnostic_init.draws.reference import evaluate

__all__ = ["fill"]

CHUNK = 1 << 16  # elements; their arrays stay in the second-level cache
# Beside another thread, as two that call NumPy more often wait for each other's interpreter lock,
# which costs more than the larger caches do; twice as many where an element takes little room.
SHARED_CHUNK = 1 << 17
LONG_RUN = 256
WIDE = Wide(np, np.uint64, None, signed=False)


def fill(draw: Draw, key: Key, positions: Positions, out: Any, start: int, stop: int) -> None:
    """Write elements `start` to `stop` of a block, counted in its row-major order, into `out`."""
    with np.errstate(all="ignore"):  # a result that underflows is right, whatever the user has set
        _fill(draw, key, positions, out, start, stop)


def _fill(draw: Draw, key: Key, positions: Positions, out: Any, start: int, stop: int) -> None:
    size = stop - start
    alone = size == out.size
    shared = SHARED_CHUNK if draw.kind == "quantile" else 2 * SHARED_CHUNK
    chunk = min(size, CHUNK if alone else shared)
    finish = _pass_for(draw, chunk)
    if draw.words == 1 and (positions.run >= LONG_RUN or positions.run == positions.size):
        for at, words in _run_words(key, positions, start, stop, chunk):
            finish([words], out[at : at + words.size])
        return
    for at in range(start, stop, CHUNK):
        n = min(CHUNK, stop - at)
        finish(_gathered_words(draw, key, positions, at, n), out[at : at + n])


def _pass_for(draw: Draw, most: int) -> Any:
    if draw.kind == "bits":
        return lambda words, out: np.copyto(out, words[0], casting="unsafe")
    if draw.words == 1 and draw.kind == "uniform":
        return UniformPass(draw)
    if draw.words == 1 and isinstance(draw.quantile, Central):
        return SymmetricPass(draw, most) if draw.quantile in PROVEN else QuantilePass(draw, most)
    return lambda words, out: store(
        draw.dtype, evaluate(draw, np, np.float32, np.float64, words), out
    )


def _run_words(key: Key, positions: Positions, start: int, stop: int, chunk: int) -> Any:
    """Words in chunks, valid until the next: (index in the block, words). Short runs are joined."""
    passes = WordPass(key, min(chunk, positions.run))
    joined = np.empty(chunk if positions.run < chunk else 0, np.uint32)
    filled = 0
    for place, at, count in _runs(positions, start, stop):
        done = 0
        while done < count:
            n = min(chunk - filled, count - done)
            words = passes.draw(place + done, n)
            done += n
            if not joined.size:
                yield at + done - n, words
                continue
            joined[filled : filled + n] = words
            filled += n
            if filled == chunk or at + done == stop:
                yield at + done - filled, joined[:filled]
                filled = 0


def _runs(positions: Positions, start: int, stop: int) -> Any:
    """Pieces of consecutive positions: (first position, index in the block, length)."""
    run = positions.run
    while start < stop:
        row, column = divmod(start, run)
        count = min(run - column, stop - start)
        place = positions.base + column
        for length, stride in zip(positions.counts[-2::-1], positions.strides[-2::-1], strict=True):
            row, j = divmod(row, length)
            place += j * stride
        yield place, start, count
        start += count


def _gathered_words(draw: Draw, key: Key, positions: Positions, start: int, count: int) -> Any:
    """The words of `count` elements at whatever positions they have, in uint32."""
    words = _words_apart(draw, key, positions, start, count)
    return [word.astype(np.uint32) for word in words]


def _words_apart(draw: Draw, key: Key, positions: Positions, start: int, count: int) -> Any:
    if len(positions.counts) == 1:
        stride = positions.strides[0]
        line = Positions(positions.base + start * stride, (count,), (stride,))
        return element_words(WIDE, key.words, key.offset, line, draw.words)
    index = np.arange(start, start + count, dtype=np.uint64)
    places = np.full(count, positions.base, dtype=np.uint64)
    for length, stride in zip(positions.counts[::-1], positions.strides[::-1], strict=True):
        index, j = np.divmod(index, np.uint64(length))
        places += j * np.uint64(stride % (1 << 64))
    return words_at(WIDE, key.words, key.offset, places, draw.words)
