"""The one compiled entry: chunks that stay in the first-level cache, stage by stage."""

from __future__ import annotations

import hashlib
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit

from agnostic_init.draws import elementary, reference
from agnostic_init.draws.engines.numba import finish, quantile, words
from agnostic_init.draws.engines.numba.codes import (
    BFLOAT16,
    BITS,
    CENTRAL,
    FLOAT16,
    FLOAT32,
    FLOAT64,
    INT64,
    UNIFORM,
)

__all__ = ["fill"]

CHUNK = 1024
LONG_RUN = 64
SIGNATURE = (
    "uint64(int64, int64, uint64, uint64, uint64, int64[::1], uint64[::1], float64[::1],"
    " uint32[::1], uint8[::1], int64, int64)"
)


def _fingerprint() -> int:
    """Of all that is compiled into `fill`: numba's cache looks at one function's file alone."""
    digest = hashlib.blake2b(digest_size=7)
    here = Path(__file__).parent
    for path in (*sorted(here.glob("*.py")), *(Path(m.__file__) for m in (elementary, reference))):
        digest.update(path.read_bytes())
    return int.from_bytes(digest.digest(), "little")


run_words, own_words, own_pairs = words.run_words, words.own_words, words.own_pairs
walk, step = words.walk, words.step
central, tail = quantile.central, quantile.tail
odd_single, odd_double = finish.odd_single, finish.odd_double
uniform_single, uniform_double = finish.uniform_single, finish.uniform_double
finish_single, finish_double = finish.finish_single, finish.finish_double
as_float16, as_bfloat16, as_int64 = finish.as_float16, finish.as_bfloat16, finish.as_int64


@njit(nogil=True)
def _words(
    seed: Any, offset: Any, base: Any, counts: Any, strides: Any, index: Any, double: Any,
    places: Any, n: Any, out: Any,
) -> None:  # fmt: skip
    """The words of the next `n` elements; `index` moves along."""
    last = counts.size - 1
    if strides[last] != np.uint64(1) or counts[last] < LONG_RUN:
        walk(base, counts, strides, index, n, places)
        if double:
            own_pairs(seed, offset, places, n, out)
        else:
            own_words(seed, offset, places, n, out)
        return
    shift = np.uint64(1 if double else 2)
    each = 2 if double else 1
    done = 0
    while done < n:
        take = min(counts[last] - index[last], n - done)
        position = base
        for d in range(last + 1):
            position += np.uint64(index[d]) * strides[d]
        lane = np.int64(position & np.uint64(1 if double else 3)) * each
        run_words(seed, offset + (position >> shift), lane, take * each, out[done * each :])
        done += take
        step(counts, index, take)


@njit(nogil=True)
def _store(unit: Any, bits: Any, single: Any, n: Any, parameters: Any, store: Any, out: Any) -> None:
    """Unit draws of a chunk into the output's bytes."""
    if store == FLOAT64:
        finish_double(unit, n, parameters, out.view(np.float64))
    elif store == FLOAT32:
        finish_single(unit, n, parameters, out.view(np.float32))
    else:
        finish_single(unit, n, parameters, single)
        _halve(bits, n, store, out)


@njit(nogil=True)
def _halve(bits: Any, n: Any, store: Any, out: Any) -> None:
    if store == FLOAT16:
        as_float16(bits, n, out.view(np.uint16))
    else:
        as_bfloat16(bits, n, out.view(np.uint16))


def _compile(fingerprint: int) -> Any:
    def fill(
        kind: Any, store: Any, seed: Any, offset: Any, base: Any, counts: Any, strides: Any,
        parameters: Any, given: Any, out: Any, start: Any, stop: Any,
    ) -> Any:  # fmt: skip
        """Elements `start` to `stop` of a block; of the words `given` where there are any."""
        double = store == FLOAT64
        each = 2 if double else 1
        limit = 2.0**53 if double else 2.0**24
        itemsize = 8 if double or store == INT64 else 4
        if store == FLOAT16 or store == BFLOAT16:
            itemsize = 2
        index = np.zeros(counts.size, np.int64)
        rest = start
        for d in range(counts.size - 1, -1, -1):
            index[d] = rest % counts[d]
            rest //= counts[d]
        chunk = np.empty(2 * CHUNK, np.uint32)
        places = np.empty(CHUNK, np.uint64)
        tails = np.empty(CHUNK + 1, np.int32)
        k, unit = np.empty(CHUNK), np.empty(CHUNK)
        scratch = np.empty((2, CHUNK))
        bits = np.empty(CHUNK, np.uint32)
        single = bits.view(np.float32)
        at = start
        while at < stop:
            n = min(CHUNK, stop - at)
            target = out[at * itemsize : (at + n) * itemsize]
            if given.size:
                chunk[: n * each] = given[at * each : (at + n) * each]
            else:
                _words(seed, offset, base, counts, strides, index, double, places, n, chunk)
            at += n
            if kind == BITS:
                if store == INT64:
                    as_int64(chunk, n, target.view(np.int64))
                else:
                    target.view(np.uint32)[:n] = chunk[:n]
                continue
            if kind == UNIFORM and not double:
                if store == FLOAT32:
                    uniform_single(chunk, n, parameters, target.view(np.float32))
                else:
                    uniform_single(chunk, n, parameters, single)
                    _halve(bits, n, store, target)
                continue
            if kind == UNIFORM:
                uniform_double(chunk, n, unit)
            else:
                if double:
                    odd_double(chunk, n, k)
                else:
                    odd_single(chunk, n, k)
                if kind == CENTRAL:
                    central(k, n, limit, parameters, scratch, tails, unit)
                else:
                    tail(k, n, limit, parameters, unit)
            _store(unit, bits, single, n, parameters, store, target)
        return np.uint64(fingerprint)

    try:
        return njit(SIGNATURE, nogil=True, cache=True)(fill)
    except RuntimeError:  # no folder where a cache could be written
        warnings.warn(
            "compiled kernels cannot be kept: no folder for numba's cache is writable."
            " Set NUMBA_CACHE_DIR to one that is",
            RuntimeWarning,
            stacklevel=2,
        )
        return njit(SIGNATURE, nogil=True)(fill)


fill = _compile(_fingerprint())
