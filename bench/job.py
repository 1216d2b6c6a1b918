"""What is measured: jobs, the cases that they belong to, and why a contender may sit one out."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from bench.plans import model

__all__ = ["Case", "Job", "Missing", "NotOffered", "Prepared"]

BYTES = {"bfloat16": 2, "float16": 2, "float32": 4, "float64": 8, "complex64": 8, "complex128": 16}
SAME_WIDTH = {2: "int16", 4: "float32", 8: "float64", 16: "complex128"}


class Missing(Exception):
    """The library, or the device that it needs, is not here."""


class NotOffered(Exception):
    """The library is here, but does not do this job."""


@dataclass(frozen=True)
class Job:
    """One thing to do, the same for every contender.

    `kind` is uniform, normal, truncated_normal, orthogonal, plan, first (a plan, in a process of
    its own), build (a plan, made by the
    code of a library that it is from, in a process of its own), sharded (a plan, on several processes), import, fingerprint (of an array that is there), or one of the limits: write, read,
    matmul. `parameters` are those of the
    distribution, bounds in absolute values.
    """

    kind: str
    shape: tuple[int, ...] = ()
    dtype: str = "float32"
    parameters: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, data: dict[str, Any]) -> Job:
        return cls(**{**data, "shape": tuple(data["shape"])})

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def elements(self) -> int:
        if self.kind in {"plan", "first", "build", "sharded"}:
            return model(self.parameters["plan"]).elements
        return 0 if self.kind == "import" else math.prod(self.shape)

    @property
    def output_bytes(self) -> int:
        return self.elements * BYTES.get(self.dtype, 2)

    @property
    def in_new_processes(self) -> bool:
        """Whether a sample is a process of its own."""
        return self.kind in {"first", "build", "import"}

    @property
    def flops(self) -> int:
        """The operations that an orthogonal matrix takes where nothing is factorized."""
        *batch, rows, columns = self.shape
        m, n = max(rows, columns), min(rows, columns)
        return math.prod(batch) * (2 * m * n**2 - 2 * n**3 // 3)


@dataclass(frozen=True)
class Case:
    """A job and those who do it; a row of the results for each.

    `limit` names the physical limit that is measured beside them, `expect` the mean and the
    standard deviation that the numbers should have, `threads` overrides those of the run.
    """

    question: str
    title: str
    job: Job
    contenders: tuple[str, ...]
    limit: str | None = None
    limit_size: int = 0
    memory: bool = False
    threads: int | None = None
    expect: tuple[float, float] | None = None

    @property
    def limit_job(self) -> Job:
        if self.limit == "matmul":
            return Job("matmul", (self.limit_size, self.limit_size), self.job.dtype)
        return Job(str(self.limit), (self.job.elements,), SAME_WIDTH[BYTES[self.job.dtype]])


@dataclass
class Prepared:
    """A job that is ready to run again and again.

    `run` returns the array that it wrote or made. `in_place` says that this array was there
    before, so that its memory is not part of the peak that is measured. `setup` is what a user
    would have waited for before the first call, such as a compiler. `peak` says what a call takes
    at most where that is not this process's memory; `close` lets go of what is no memory.
    """

    run: Callable[[], Any]
    in_place: bool
    setup: float = 0.0
    peak: Callable[[], int] | None = None
    close: Callable[[], object] = lambda: None
