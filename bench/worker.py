"""One contender in a process of its own: ``python -m bench.worker NAME DEVICE THREADS``.

It reads a line of JSON, does what it says, answers with a line of JSON, and waits for the next.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import importlib.metadata
import json
import math
import os
import sys
import time
from typing import Any

from bench import memory
from bench.contenders import CONTENDERS
from bench.engine import engine
from bench.job import Job, Missing, NotOffered, Prepared
from bench.seen import seen

__all__ = ["Worker", "main"]

MANY_CALLS = 100_000


class Worker:
    """A contender, and the job that it is at."""

    def __init__(self, name: str, device: str, threads: int) -> None:
        self.contender = CONTENDERS[name]
        for module in self.contender.imports:
            try:
                importlib.import_module(module)
            except ImportError as error:
                raise Missing(str(error)) from error
        arrays = importlib.import_module(f"bench.arrays.{self.contender.arrays}")
        self.arrays = arrays.Arrays(device, threads)
        self.maker = importlib.import_module(f"bench.contenders.{self.contender.maker}")
        self.job: Job | None = None
        self.prepared: Prepared | None = None
        self.loops = 1
        # The libraries' own objects need not be looked through again in every collection.
        gc.freeze()

    def opened(self) -> dict[str, Any]:
        """Who it is."""
        try:
            version = importlib.metadata.version(self.contender.package)
        except importlib.metadata.PackageNotFoundError:
            module = sys.modules[self.contender.package.replace("-", "_")]
            version = getattr(module, "__version__", "unknown")
        return {"version": version, "device_name": self.arrays.device_name()}

    def prepare(self, job: dict[str, Any]) -> dict[str, Any]:
        """Get ready for a job: whatever is loaded and compiled, but no call of this size."""
        self.forget()
        wanted = Job.of(job)
        self._check_room(wanted)
        start = time.perf_counter()
        if self.contender.role == "ours":
            self.maker.prepare(self._small(wanted), self.arrays).run()
        loaded = time.perf_counter() - start
        self.prepared = self.maker.prepare(wanted, self.arrays)
        self.prepared.setup += loaded
        self.job = wanted
        return {}

    def warm_up(self, job: dict[str, Any], least: float) -> dict[str, Any]:
        """Call it, look at what it made, and choose how many calls one sample is made of."""
        assert self.prepared is not None
        start = time.perf_counter()
        result = self.prepared.run()
        self.arrays.wait(result)
        one = time.perf_counter() - start
        seen = self._look(Job.of(job), result)
        del result
        # A second call, unless it would be long: the first may have compiled or loaded something.
        first = self.prepared.setup + one
        one = one if one > 2.0 else self.arrays.seconds(self.prepared.run, 1)
        self.loops = min(MANY_CALLS, max(1, math.ceil(least / max(one, 1e-9))))
        if self.loops > 1:
            one = self.arrays.seconds(self.prepared.run, self.loops)
            self.loops = min(MANY_CALLS, max(1, math.ceil(least / max(one, 1e-9))))
        return {"first": first, "estimate": one, "loops": self.loops, "seen": seen}

    def sample(self) -> dict[str, Any]:
        """The seconds of one call."""
        assert self.prepared is not None
        gc.collect()
        gc.disable()
        try:
            seconds = self.arrays.seconds(self.prepared.run, self.loops)
        finally:
            gc.enable()
        return {"seconds": seconds, **self._engine()}

    def memory(self, job: dict[str, Any]) -> dict[str, Any]:
        """The peak of memory in one call, what it writes included."""
        wanted = Job.of(job)
        if self.job != wanted:
            self.prepare(job)
            if self.contender.role != "ours":
                # Ours has had a small run; what others load at their first does not count either.
                self.maker.prepare(self._small(wanted), self.arrays).run()
        prepared = self.prepared
        assert prepared is not None
        if prepared.peak is not None:
            return {"peak_bytes": prepared.peak()}
        self.arrays.settle_memory()
        result = prepared.run()
        self.arrays.wait(result)
        extra = self.arrays.peak_memory()
        if extra is None:
            return {"peak_bytes": None}
        return {"peak_bytes": extra + (wanted.output_bytes if prepared.in_place else 0)}

    def forget(self) -> dict[str, Any]:
        """Let go of the job and of its memory."""
        if self.prepared is not None:
            self.prepared.close()
        self.job = self.prepared = None
        gc.collect()
        return {}

    def _check_room(self, job: Job) -> None:
        free = memory.available()
        # JAX has been seen to take nine times a result of bfloat16, and three times a whole model.
        times = {"jax": 4 if job.kind == "plan" else 10}.get(self.contender.maker, 2)
        need = job.output_bytes * times
        if free is not None and need > free and self.arrays.device == "cpu":
            msg = f"needs about {need / 2**30:.0f} GiB, {free / 2**30:.0f} GiB are free"
            raise NotOffered(msg)

    @staticmethod
    def _small(job: Job) -> Job:
        """The same kind of job at a size that only loads what it needs."""
        if job.kind in {"plan", "sharded"}:
            return Job("plan", (), job.dtype, {"plan": "toy GPT-2"})
        shape = tuple(min(length, 1 << 14 if len(job.shape) == 1 else 32) for length in job.shape)
        return Job(job.kind, shape, job.dtype, job.parameters)

    def _look(self, job: Job, result: Any) -> dict[str, float]:
        first = result[0] if isinstance(result, list | tuple) else result
        return seen(self.arrays.numbers, first, job.shape, orthogonal=job.kind == "orthogonal")

    def _engine(self) -> dict[str, str]:
        if self.contender.role != "ours" or self.arrays.device != "cpu":
            return {}
        return {"engine": engine()}


def main(name: str, device: str, threads: str) -> None:
    """Answer on what was standard output; what libraries print goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    if hasattr(os, "sched_setaffinity"):
        # The threads of libraries that take no number from the environment, as XLA's.
        with contextlib.suppress(OSError):
            os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(threads)])

    def answer(**what: Any) -> None:
        answers.write(json.dumps(what) + "\n")
        answers.flush()

    try:
        worker = Worker(name, device, int(threads))
        answer(**worker.opened())
    except Missing as error:
        answer(missing=str(error))
        return
    for line in sys.stdin:
        order = json.loads(line)
        try:
            answer(**getattr(worker, order.pop("do"))(**order))
        except NotOffered as error:
            worker.forget()
            answer(not_offered=str(error))
        except Exception as error:  # noqa: BLE001 - whatever a library raises is its result
            worker.forget()
            answer(failed=f"{type(error).__name__}: {error}"[:500])


if __name__ == "__main__":
    main(*sys.argv[1:])
