"""``scipy.stats``: truncnorm and ortho_group, float64 that is cast to what was asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import stats

from bench.job import Job, NotOffered, Prepared

__all__ = ["prepare"]


def prepare(job: Job, arrays: Any) -> Prepared:
    rng, dtype, p = np.random.default_rng(1), arrays.dtype(job.dtype), job.parameters
    if job.kind == "truncated_normal":
        mean, std = p["mean"], p["std"]
        a, b = ((p[name] - mean) / std for name in ("lower", "upper"))

        def truncated() -> np.ndarray:
            made = stats.truncnorm.rvs(a, b, mean, std, size=job.shape, random_state=rng)
            return made.astype(dtype)

        return Prepared(truncated, in_place=False)
    if job.kind == "orthogonal" and job.shape[-1] == job.shape[-2]:
        *batch, rows, _ = job.shape
        count = batch[0] if batch else 1
        return Prepared(
            lambda: stats.ortho_group.rvs(rows, size=count, random_state=rng).astype(dtype),
            in_place=False,
        )
    msg = f"scipy.stats has no {job.kind} of this shape"
    raise NotOffered(msg)
