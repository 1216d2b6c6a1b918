"""CuPy's ``Generator``, which makes new arrays, and orthogonal matrices by its QR.

Its ``out=`` is not used: with it and no size, one number is drawn and written everywhere.
"""

from __future__ import annotations

from typing import Any

import cupy

from bench.job import Job, NotOffered, Prepared
from bench.plans import model

__all__ = ["prepare"]


def prepare(job: Job, arrays: Any) -> Prepared:
    p, rng, dtype = job.parameters, cupy.random.default_rng(1), job.dtype
    if dtype not in {"float32", "float64"}:
        msg = f"CuPy's Generator has no {dtype}"
        raise NotOffered(msg)

    def normal(shape: tuple[int, ...], mean: float, std: float) -> Any:
        made = rng.standard_normal(shape, dtype=dtype)
        if std != 1.0:
            made *= std
        if mean != 0.0:
            made += mean
        return made

    def plan() -> list[Any]:
        return [
            cupy.full(one.shape, one.law.scale, dtype)
            if one.law.kind == "constant"
            else normal(one.shape, 0.0, one.std)
            for one in model(p["plan"]).tensors()
        ]

    if job.kind == "uniform" and (p["low"], p["high"]) == (0.0, 1.0):
        return Prepared(lambda: rng.random(job.shape, dtype=dtype), in_place=False)
    if job.kind == "normal":
        return Prepared(lambda: normal(job.shape, p["mean"], p["std"]), in_place=False)
    if job.kind == "orthogonal":
        return Prepared(lambda: _orthogonal(rng, job), in_place=False)
    if job.kind == "plan":
        return Prepared(plan, in_place=False)
    msg = f"CuPy's Generator has no {job.kind}"
    raise NotOffered(msg)


def _orthogonal(rng: Any, job: Job) -> Any:
    *batch, rows, columns = job.shape
    m, n = max(rows, columns), min(rows, columns)
    q, r = cupy.linalg.qr(rng.standard_normal((*batch, m, n), dtype=job.dtype))
    q *= cupy.sign(cupy.diagonal(r, axis1=-2, axis2=-1))[..., None, :]
    return q if rows >= columns else cupy.swapaxes(q, -1, -2)
