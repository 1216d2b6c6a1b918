"""The formula of ``torch.nn.init.trunc_normal_`` before torch 2.12: the inverse of erf, clamped."""

from __future__ import annotations

import math
from typing import Any

import torch

from bench.job import Job, NotOffered, Prepared

__all__ = ["prepare"]


def prepare(job: Job, arrays: Any) -> Prepared:
    if job.kind != "truncated_normal":
        msg = f"the erfinv formula is of truncated normals, not {job.kind}"
        raise NotOffered(msg)
    out = arrays.unwritten(job.shape, job.dtype)
    p = job.parameters
    mean, std, lower, upper = p["mean"], p["std"], p["lower"], p["upper"]

    def below(bound: float) -> float:
        return (1.0 + math.erf((bound - mean) / std / math.sqrt(2.0))) / 2.0

    @torch.no_grad()
    def run() -> torch.Tensor:
        out.uniform_(2 * below(lower) - 1, 2 * below(upper) - 1)
        out.erfinv_()
        out.mul_(std * math.sqrt(2.0))
        out.add_(mean)
        return out.clamp_(min=lower, max=upper)

    return Prepared(run, in_place=True)
