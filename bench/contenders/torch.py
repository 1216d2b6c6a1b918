"""``torch.nn.init``, in place. A batch of orthogonal matrices is a loop: torch would flatten it."""

from __future__ import annotations

import warnings
from typing import Any

import torch

from bench.fresh import torch as program
from bench.job import Job, NotOffered, Prepared
from bench.plans import model
from bench.ranks import sharded

__all__ = ["prepare"]


def prepare(job: Job, arrays: Any) -> Prepared:
    if job.kind == "plan":
        return _plan(job, arrays)
    if job.kind == "sharded":
        return sharded("torch", job, arrays)
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
    plan = model(job.parameters["plan"])
    outs = {name: arrays.unwritten(shape, job.dtype) for name, shape in plan.shapes.items()}
    return Prepared(lambda: program.initialize(outs, plan, job.dtype), in_place=True)
