"""JAX, compiled before it is timed.

A whole model is one program, as Flax's ``init`` under jit. Many tensors of one shape are calls of
one program, as the time to compile one for all of them grows without bound.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from bench.fresh import jax as program
from bench.job import Job, NotOffered, Prepared
from bench.plans import Tensor, model

__all__ = ["prepare"]


def prepare(job: Job, arrays: Any) -> Prepared:
    dtype = arrays.dtype(job.dtype)
    if job.kind == "plan" and len({one[1:] for one in _tensors(job)}) == 1:
        return _alike(job, dtype)
    make = _plan(job, dtype) if job.kind == "plan" else _single(job, dtype)
    key = jax.random.key(1)
    start = time.perf_counter()
    program = jax.jit(make).lower(key).compile()
    return Prepared(lambda: program(key), in_place=False, setup=time.perf_counter() - start)


def _single(job: Job, dtype: Any) -> Callable[[Any], Any]:
    p = job.parameters
    match job.kind:
        case "uniform":
            return lambda key: jax.random.uniform(key, job.shape, dtype, p["low"], p["high"])
        case "normal":
            mean, std = p["mean"], p["std"]
            if (mean, std) == (0.0, 1.0):
                return lambda key: jax.random.normal(key, job.shape, dtype)
            return lambda key: jax.random.normal(key, job.shape, dtype) * std + mean
        case "truncated_normal":
            mean, std = p["mean"], p["std"]
            lower, upper = ((p[name] - mean) / std for name in ("lower", "upper"))

            def truncated(key: Any) -> Any:
                z = jax.random.truncated_normal(key, lower, upper, job.shape, dtype)
                return z if (mean, std) == (0.0, 1.0) else z * jnp.asarray(std, dtype) + mean

            return truncated
        case "orthogonal":
            return _orthogonal(job, dtype)
    msg = f"JAX does no {job.kind}"
    raise NotOffered(msg)


def _orthogonal(job: Job, dtype: Any) -> Callable[[Any], Any]:
    init = jax.nn.initializers.orthogonal()
    *batch, rows, columns = job.shape
    if not batch:
        return lambda key: init(key, job.shape, dtype)
    one = jax.vmap(lambda key: init(key, (rows, columns), dtype))
    return lambda key: one(jax.random.split(key, batch[0]))


def _tensors(job: Job) -> tuple[Tensor, ...]:
    return model(job.parameters["plan"]).tensors()


def _alike(job: Job, dtype: Any) -> Prepared:
    plan = _tensors(job)
    init, shape = jax.nn.initializers.normal(plan[0].std), plan[0].shape
    key = jax.random.key(1)
    start = time.perf_counter()
    one = jax.jit(lambda key, number: init(jax.random.fold_in(key, number), shape, dtype))
    one(key, 0).block_until_ready()
    return Prepared(
        lambda: [one(key, number) for number in range(len(plan))],
        in_place=False,
        setup=time.perf_counter() - start,
    )


def _plan(job: Job, dtype: Any) -> Callable[[Any], Any]:
    plan = model(job.parameters["plan"])
    return lambda key: program.initialize(None, plan, dtype, key)
