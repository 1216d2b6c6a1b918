"""The one compiled entry: chunks that stay in the first-level cache, stage by stage."""

from __future__ import annotations

import hashlib
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit

from agnostic_init.bits import philox
from agnostic_init.draws import elementary, reference
from agnostic_init.draws.engines.numba.codes import (
    BFLOAT16,
    BITS,
    CENTRAL,
    FLOAT16,
    FLOAT64,
    INT64,
    UNIFORM,
)
from agnostic_init.draws.engines.numba.finish import (
    as_bfloat16,
    as_float16,
    as_int64,
    as_uint32,
    finish_double,
    finish_single,
    odd_double,
    odd_single,
    uniform_double,
    uniform_single,
)
from agnostic_init.draws.engines.numba.quantile import central, tail
from agnostic_init.draws.engines.numba.words import own_pairs, own_words, run_words, step, walk

__all__ = ["fill"]

CHUNK = 1024
LONG_RUN = 64
SIGNATURE = (
    "uint64(int64, int64, uint64, uint64, uint64, int64[::1], uint64[::1], float64[::1],"
    " uint32[::1], uint16[::1], uint32[::1], uint64[::1], int64, int64, int64)"
)


@njit(nogil=True)
def _words(
    seed: Any, offset: Any, base: Any, counts: Any, strides: Any, index: Any, each: Any,
    places: Any, n: Any, out: Any,
) -> None:  # fmt: skip
    """The words of the next `n` elements, `each` of them; `index` moves along."""
    last = counts.size - 1
    if strides[last] != np.uint64(1) or counts[last] < LONG_RUN:
        walk(base, counts, strides, index, n, places)
        if each == 1:
            own_words(seed, offset, places, n, out)
        elif each == 2:
            own_pairs(seed, offset, places, n, out)
        else:
            for i in range(n):
                run_words(seed, offset + places[i], 0, each, out, i * each)
        return
    per_block = 4 // each
    shift, mask = np.uint64(per_block // 2), np.uint64(per_block - 1)
    done = 0
    while done < n:
        take = min(counts[last] - index[last], n - done)
        position = base
        for d in range(last + 1):
            position += np.uint64(index[d]) * strides[d]
        lane = np.int64(position & mask) * each
        counter = offset + (position >> shift)
        run_words(seed, counter, lane, take * each, out, done * each)
        done += take
        step(counts, index, take)


def _compile(fingerprint: int) -> Any:
    def fill(
        kind: Any, store: Any, seed: Any, offset: Any, base: Any, counts: Any, strides: Any,
        parameters: Any, given: Any, out2: Any, out4: Any, out8: Any, parts: Any, start: Any,
        stop: Any,
    ) -> Any:  # fmt: skip
        """Elements `start` to `stop` of a block; of the words `given` where there are any.

        An element has one or two `parts`, real numbers that `out2`, `out4` or `out8` holds, by
        their size.
        """
        wide = store == FLOAT64
        each = 2 * parts if wide else parts
        limit = 2.0**53 if wide else 2.0**24
        index = np.zeros(counts.size, np.int64)
        rest = start
        for d in range(counts.size - 1, -1, -1):
            index[d] = rest % counts[d]
            rest //= counts[d]
        words = np.empty(2 * CHUNK, np.uint32)
        places = np.empty(CHUNK, np.uint64)
        tails = np.empty(CHUNK + 1, np.int32)
        k, unit = np.empty(CHUNK), np.empty(CHUNK)
        scratch = np.empty((4, CHUNK))
        bits = np.empty(CHUNK, np.uint32)
        narrow = store in (FLOAT16, BFLOAT16)
        single = bits.view(np.float32) if narrow else out4.view(np.float32)
        double = out8.view(np.float64)
        at = start
        while at < stop:
            elements = min(CHUNK // parts, stop - at)
            if given.size:
                for i in range(elements * each):
                    words[i] = given[at * each + i]
            else:
                _words(seed, offset, base, counts, strides, index, each, places, elements, words)
            n = elements * parts
            place = np.uint64(at * parts)
            single_place = np.uint64(0) if narrow else place
            if kind == BITS:
                if store == INT64:
                    as_int64(words, n, out8, place)
                else:
                    as_uint32(words, n, out4, place)
            elif kind == UNIFORM and not wide:
                uniform_single(words, n, parameters, single, single_place)
            else:
                if kind == UNIFORM:
                    uniform_double(words, n, unit)
                else:
                    if wide:
                        odd_double(words, n, k)
                    else:
                        odd_single(words, n, k)
                    if kind == CENTRAL:
                        central(k, n, limit, parameters, scratch, tails, unit)
                    else:
                        tail(k, n, limit, parameters, unit)
                if wide:
                    finish_double(unit, n, parameters, double, place)
                else:
                    finish_single(unit, n, parameters, single, single_place)
            if store == FLOAT16:
                as_float16(bits, n, out2, place)
            elif store == BFLOAT16:
                as_bfloat16(bits, n, out2, place)
            at += elements
        return np.uint64(fingerprint)

    try:
        return njit(SIGNATURE, nogil=True, cache=True)(fill)
    except RuntimeError:  # the locator of numba's cache found no folder
        warnings.warn(
            "compiled kernels cannot be kept: no folder for numba's cache is writable."
            " Set NUMBA_CACHE_DIR to one that is",
            RuntimeWarning,
            stacklevel=2,
        )
        return njit(SIGNATURE, nogil=True)(fill)


def _fingerprint() -> int:
    """Of all that is compiled into `fill`: numba's cache would look at this file alone."""
    digest = hashlib.blake2b(digest_size=7)
    outside = [Path(str(module.__file__)) for module in (philox, elementary, reference)]
    for path in (*sorted(Path(__file__).parent.glob("*.py")), *outside):
        digest.update(path.read_bytes())
    return int.from_bytes(digest.digest(), "little")


fill = _compile(_fingerprint())
