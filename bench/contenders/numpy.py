"""NumPy's ``Generator``, in place; orthogonal matrices by ``numpy.linalg.qr``, with Haar's signs."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.fresh import numpy as program
from bench.job import Job, NotOffered, Prepared
from bench.plans import model

__all__ = ["prepare"]


def prepare(job: Job, arrays: Any) -> Prepared:
    if job.dtype not in {"float32", "float64"}:
        msg = f"NumPy's Generator has no {job.dtype}"
        raise NotOffered(msg)
    rng = np.random.default_rng(1)
    if job.kind == "plan":
        return _plan(job, arrays)
    p = job.parameters
    if job.kind == "orthogonal":
        qr, shape = np.linalg.qr, job.shape
        return Prepared(lambda: program.orthogonal(rng, shape, job.dtype, qr), in_place=False)
    out = arrays.unwritten(job.shape, job.dtype)
    if job.kind == "normal":
        return Prepared(lambda: _normal(rng, out, p["mean"], p["std"]), in_place=True)
    if job.kind == "uniform" and (p["low"], p["high"]) == (0.0, 1.0):
        return Prepared(lambda: rng.random(dtype=out.dtype, out=out), in_place=True)
    msg = f"NumPy's Generator has no {job.kind} of {job.dtype}"
    raise NotOffered(msg)


def _normal(rng: np.random.Generator, out: np.ndarray, mean: float, std: float) -> np.ndarray:
    rng.standard_normal(dtype=out.dtype, out=out)
    if std != 1.0:
        out *= std
    if mean != 0.0:
        out += mean
    return out


def _plan(job: Job, arrays: Any) -> Prepared:
    plan = model(job.parameters["plan"])
    outs = {name: arrays.unwritten(shape, job.dtype) for name, shape in plan.shapes.items()}
    return Prepared(lambda: program.initialize(outs, plan, job.dtype), in_place=True)
