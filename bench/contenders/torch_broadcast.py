"""One rank makes a parameter with ``torch.nn.init`` and broadcasts it; each keeps its rows."""

from __future__ import annotations

from typing import Any

from bench.job import Job, NotOffered, Prepared
from bench.ranks import sharded

__all__ = ["prepare"]


def prepare(job: Job, arrays: Any) -> Prepared:
    if job.kind != "sharded":
        msg = f"a broadcast is no {job.kind}"
        raise NotOffered(msg)
    return sharded("broadcast", job, arrays)
