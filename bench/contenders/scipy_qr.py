"""``scipy.linalg.qr`` in the dtype that is asked for, which NumPy's own computes in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import linalg

from bench.fresh.numpy import orthogonal
from bench.job import Job, NotOffered, Prepared

__all__ = ["prepare"]


def prepare(job: Job, arrays: Any) -> Prepared:
    if job.kind != "orthogonal":
        msg = f"scipy.linalg has no {job.kind}"
        raise NotOffered(msg)
    rng = np.random.default_rng(1)
    return Prepared(lambda: orthogonal(rng, job.shape, job.dtype, _qr), in_place=False)


def _qr(gaussian: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    stack = gaussian.reshape(-1, *gaussian.shape[-2:])
    factors = [
        linalg.qr(one, mode="economic", overwrite_a=True, check_finite=False) for one in stack
    ]
    if gaussian.ndim == 2:
        return factors[0]
    q, r = (np.stack(part) for part in zip(*factors, strict=True))
    return q, r
