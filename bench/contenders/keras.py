"""Keras 3's initializers on its torch backend."""

from __future__ import annotations

from typing import Any

import keras
import torch

from bench.job import Job, NotOffered, Prepared

__all__ = ["prepare"]


def prepare(job: Job, arrays: Any) -> Prepared:
    init = _initializer(job)
    *batch, rows, columns = job.shape if len(job.shape) > 1 else (*job.shape, 0)
    device = torch.device(arrays.device)
    if job.kind == "orthogonal" and batch:
        # It would flatten the batch into the rows of one matrix.
        def run() -> Any:
            with device:
                return torch.stack([init((rows, columns), dtype=job.dtype) for _ in range(*batch)])
    else:

        def run() -> Any:
            with device:
                return init(job.shape, dtype=job.dtype)

    return Prepared(run, in_place=False)


def _initializer(job: Job) -> Any:
    p, seed = job.parameters, keras.random.SeedGenerator(1)
    if job.kind == "uniform":
        return keras.initializers.RandomUniform(p["low"], p["high"], seed=seed)
    if job.kind == "normal":
        return keras.initializers.RandomNormal(p["mean"], p["std"], seed=seed)
    if job.kind == "orthogonal":
        return keras.initializers.Orthogonal(seed=seed)
    if job.kind == "truncated_normal":
        mean, std = p["mean"], p["std"]
        if (p["lower"], p["upper"]) == (mean - 2 * std, mean + 2 * std):
            return keras.initializers.TruncatedNormal(mean, std, seed=seed)
        msg = "Keras truncates at two standard deviations only"
        raise NotOffered(msg)
    msg = f"Keras is not asked for {job.kind}"
    raise NotOffered(msg)
