"""What the machine could do at best: write and read memory that is there, and multiply matrices."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from bench.job import Job, NotOffered, Prepared

__all__ = ["prepare"]


def prepare(job: Job, arrays: Any) -> Prepared:
    if job.kind == "write":
        return _write(job, arrays)
    if job.kind == "read":
        return _read(job, arrays)
    if job.kind == "matmul":
        return _matmul(job, arrays)
    msg = f"no limit is known for {job.kind}"
    raise NotOffered(msg)


def _write(job: Job, arrays: Any) -> Prepared:
    out = arrays.unwritten(job.shape, job.dtype)
    if arrays.namespace.__name__ == "torch":
        return Prepared(lambda: out.fill_(1), in_place=True)
    if arrays.namespace.__name__ != "numpy" or arrays.threads == 1 or out.size < 1 << 18:

        def fill() -> Any:
            out.fill(1)
            return out

        return Prepared(fill, in_place=True)
    pool = ThreadPoolExecutor(arrays.threads)
    parts = np.array_split(out, arrays.threads)

    def fill_in_threads() -> Any:
        list(pool.map(lambda part: part.fill(1), parts))
        return out

    return Prepared(fill_in_threads, in_place=True)


def _read(job: Job, arrays: Any) -> Prepared:
    """A sum of integers, which nothing but memory limits."""
    out = arrays.unwritten(job.shape, job.dtype)
    if arrays.namespace.__name__ == "torch":
        words = out.view(arrays.namespace.int64 if out.nbytes % 8 == 0 else out.dtype)
        return Prepared(lambda: words.sum(), in_place=True)
    if arrays.namespace.__name__ != "numpy":
        msg = f"no plain read is known for {arrays.namespace.__name__}"
        raise NotOffered(msg)
    words = out.reshape(-1).view(np.uint8)
    words = words[: words.size // 8 * 8].view(np.uint64)
    if arrays.threads == 1 or words.size < 1 << 17:
        return Prepared(lambda: words.sum(keepdims=True), in_place=True)
    pool = ThreadPoolExecutor(arrays.threads)
    parts = np.array_split(words, arrays.threads)
    return Prepared(
        lambda: np.asarray(list(pool.map(lambda part: part.sum(), parts))), in_place=True
    )


def _matmul(job: Job, arrays: Any) -> Prepared:
    xp = arrays.namespace
    # Not zeros or ones, with which some machines are faster than with what real work has.
    host = np.random.default_rng(1).standard_normal((2, *job.shape), dtype=np.float32)
    if xp.__name__ == "torch":
        xp.set_float32_matmul_precision("highest")
        kind = getattr(xp, job.dtype)
        a, b = (xp.asarray(one, device=arrays.device).to(kind) for one in host)
    else:
        a, b = (xp.asarray(one).astype(arrays.dtype(job.dtype)) for one in host)
    out = a @ b
    return Prepared(lambda: xp.matmul(a, b, out=out), in_place=True)
