"""``torch.nn.init``, in place. A batch of orthogonal matrices is a loop: torch would flatten it."""

from __future__ import annotations

import warnings
from typing import Any

import torch

from bench.job import Job, NotOffered, Prepared
from bench.plans import tensors

__all__ = ["prepare"]


def prepare(job: Job, arrays: Any) -> Prepared:
    if job.kind == "plan":
        return _plan(job, arrays)
    out = arrays.unwritten(job.shape, job.dtype)
    init, p = torch.nn.init, job.parameters
    match job.kind:
        case "uniform":
            return Prepared(lambda: init.uniform_(out, p["low"], p["high"]), in_place=True)
        case "normal":
            return Prepared(lambda: init.normal_(out, p["mean"], p["std"]), in_place=True)
        case "truncated_normal":
            # It warns of far tails, whose samples are right since 2.12.
            warnings.simplefilter("ignore", UserWarning)
            args = p["mean"], p["std"], p["lower"], p["upper"]
            return Prepared(lambda: init.trunc_normal_(out, *args), in_place=True)
        case "orthogonal":
            return Prepared(lambda: _orthogonal(out), in_place=True)
    msg = f"torch.nn.init has no {job.kind}"
    raise NotOffered(msg)


def _orthogonal(out: torch.Tensor) -> torch.Tensor:
    for matrix in out.reshape(-1, *out.shape[-2:]):
        torch.nn.init.orthogonal_(matrix)
    return out


def _plan(job: Job, arrays: Any) -> Prepared:
    plan = tensors(job.parameters["plan"])
    outs = [arrays.unwritten(one.shape, job.dtype) for one in plan]

    def fill() -> list[torch.Tensor]:
        for one, out in zip(plan, outs, strict=True):
            if one.std is None:
                torch.nn.init.constant_(out, one.value)
            else:
                torch.nn.init.normal_(out, 0.0, one.std)
        return outs

    return Prepared(fill, in_place=True)
