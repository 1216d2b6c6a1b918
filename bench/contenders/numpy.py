"""NumPy's ``Generator``, in place; orthogonal matrices by ``numpy.linalg.qr``, with Haar's signs."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.job import Job, NotOffered, Prepared
from bench.plans import tensors

__all__ = ["orthogonal", "prepare"]


def prepare(job: Job, arrays: Any) -> Prepared:
    if job.dtype not in {"float32", "float64"}:
        msg = f"NumPy's Generator has no {job.dtype}"
        raise NotOffered(msg)
    rng = np.random.default_rng(1)
    if job.kind == "plan":
        return _plan(job, arrays, rng)
    p = job.parameters
    if job.kind == "orthogonal":
        return Prepared(lambda: orthogonal(rng, job, np.linalg.qr), in_place=False)
    out = arrays.unwritten(job.shape, job.dtype)
    if job.kind == "normal":
        return Prepared(lambda: _normal(rng, out, p["mean"], p["std"]), in_place=True)
    if job.kind == "uniform" and (p["low"], p["high"]) == (0.0, 1.0):
        return Prepared(lambda: rng.random(dtype=out.dtype, out=out), in_place=True)
    msg = f"NumPy's Generator has no {job.kind} of {job.dtype}"
    raise NotOffered(msg)


def orthogonal(rng: np.random.Generator, job: Job, qr: Any) -> np.ndarray:
    """The Q of a Gaussian's QR, its columns given the signs of R's diagonal."""
    *batch, rows, columns = job.shape
    m, n = max(rows, columns), min(rows, columns)
    q, r = qr(rng.standard_normal((*batch, m, n), dtype=np.dtype(job.dtype)))
    q *= np.sign(np.diagonal(r, axis1=-2, axis2=-1))[..., None, :]
    return q if rows >= columns else np.swapaxes(q, -1, -2)


def _normal(rng: np.random.Generator, out: np.ndarray, mean: float, std: float) -> np.ndarray:
    rng.standard_normal(dtype=out.dtype, out=out)
    if std != 1.0:
        out *= std
    if mean != 0.0:
        out += mean
    return out


def _plan(job: Job, arrays: Any, rng: np.random.Generator) -> Prepared:
    plan = tensors(job.parameters["plan"])
    outs = [arrays.unwritten(one.shape, job.dtype) for one in plan]

    def fill() -> list[np.ndarray]:
        for one, out in zip(plan, outs, strict=True):
            if one.std is None:
                out.fill(one.value)
            else:
                _normal(rng, out, 0.0, one.std)
        return outs

    return Prepared(fill, in_place=True)
