"""agnostic_init: in place where the library can write, new arrays in JAX."""

from __future__ import annotations

import itertools
from typing import Any

import agnostic_init as ai
from bench.fresh import ours as program
from bench.job import Job, NotOffered, Prepared
from bench.plans import model
from bench.ranks import sharded

__all__ = ["prepare"]


def prepare(job: Job, arrays: Any) -> Prepared:
    # A key of its own for every call, so that nothing can be remembered from the one before.
    keys = itertools.count(1)
    new = arrays.namespace.__name__ == "jax.numpy"
    if job.kind == "plan":
        return _plan(job, arrays, keys, new=new)
    if job.kind == "sharded":
        return sharded("ours", job, arrays)
    if job.kind == "fingerprint":
        return _fingerprint(job, arrays)
    init = _initializer(job)
    if new:
        dtype, xp = arrays.dtype(job.dtype), arrays.namespace
        return Prepared(lambda: init(job.shape, key=next(keys), xp=xp, dtype=dtype), in_place=False)
    out = arrays.unwritten(job.shape, job.dtype)
    return Prepared(lambda: init.fill(out, key=next(keys)), in_place=True)


def _fingerprint(job: Job, arrays: Any) -> Prepared:
    held = ai.normal().fill(arrays.unwritten(job.shape, job.dtype), key=1)

    def run() -> Any:
        ai.fingerprint(held)
        return held

    return Prepared(run, in_place=True)


def _plan(job: Job, arrays: Any, keys: Any, *, new: bool) -> Prepared:
    plan, outs = model(job.parameters["plan"]), None
    if not new:
        outs = {name: arrays.unwritten(shape, job.dtype) for name, shape in plan.shapes.items()}
    dtype = arrays.dtype(job.dtype) if new else job.dtype
    return Prepared(lambda: program.initialize(outs, plan, dtype, next(keys)), in_place=not new)


def _initializer(job: Job) -> Any:
    p = job.parameters
    match job.kind:
        case "uniform":
            return ai.uniform(p["low"], p["high"])
        case "normal":
            return ai.normal(p["mean"], p["std"])
        case "truncated_normal":
            return ai.truncated_normal(
                p["mean"], p["std"], p["lower"], p["upper"], bounds="absolute"
            )
        case "orthogonal":
            make = getattr(ai, "orthogonal", None)
            if make is None:
                msg = "agnostic_init has no orthogonal in this version"
                raise NotOffered(msg)
            return make(layout="b o i") if len(job.shape) == 3 else make()
    msg = f"agnostic_init does no {job.kind}"
    raise NotOffered(msg)
