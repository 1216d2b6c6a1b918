"""CuPy's ``Generator``, in place, and orthogonal matrices by its QR."""

from __future__ import annotations

from typing import Any

import cupy

from bench.job import Job, NotOffered, Prepared

__all__ = ["prepare"]


def prepare(job: Job, arrays: Any) -> Prepared:
    p, rng = job.parameters, cupy.random.default_rng(1)
    if job.dtype not in {"float32", "float64"}:
        msg = f"CuPy's Generator has no {job.dtype}"
        raise NotOffered(msg)
    if job.kind == "uniform" and (p["low"], p["high"]) == (0.0, 1.0):
        out = arrays.unwritten(job.shape, job.dtype)
        return Prepared(lambda: rng.random(dtype=out.dtype, out=out), in_place=True)
    if job.kind == "normal" and (p["mean"], p["std"]) == (0.0, 1.0):
        out = arrays.unwritten(job.shape, job.dtype)
        return Prepared(lambda: rng.standard_normal(dtype=out.dtype, out=out), in_place=True)
    if job.kind == "orthogonal":
        return Prepared(lambda: _orthogonal(rng, job), in_place=False)
    msg = f"CuPy's Generator has no {job.kind} of {job.dtype}"
    raise NotOffered(msg)


def _orthogonal(rng: Any, job: Job) -> Any:
    *batch, rows, columns = job.shape
    m, n = max(rows, columns), min(rows, columns)
    q, r = cupy.linalg.qr(rng.standard_normal((*batch, m, n), dtype=job.dtype))
    q *= cupy.sign(cupy.diagonal(r, axis1=-2, axis2=-1))[..., None, :]
    return q if rows >= columns else cupy.swapaxes(q, -1, -2)
