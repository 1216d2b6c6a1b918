"""Processes that hold a model's shards together, and initialize it in one of three ways.

A rank is ``python -m bench.ranks METHOD RANK RANKS PLAN DTYPE THREADS FILE``: it does what it is told
line by line, as a worker does. `Ranks` is all of them, seen from outside.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import weakref
from pathlib import Path
from typing import Any

from bench import memory
from bench.job import Job, Prepared
from bench.plans import model
from bench.process import ROOT, THREADS

__all__ = ["Ranks", "main", "sharded"]

SHOWN = 1 << 14  # numbers of the first rank, which are looked at


class Ranks:
    """So many processes on this machine, of which each holds its rows of every parameter."""

    def __init__(self, method: str, count: int, plan: str, dtype: str, threads: int) -> None:
        self.folder = tempfile.TemporaryDirectory()
        each = max(1, threads // count)
        paths = filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])
        env = {
            **os.environ,
            **dict.fromkeys(THREADS, str(each)),
            "PYTHONPATH": os.pathsep.join(paths),
        }
        store = str(Path(self.folder.name) / "store")
        self.ranks = [
            subprocess.Popen(
                [
                    *(sys.executable, "-m", "bench.ranks", method, str(rank), str(count)),
                    *(plan, dtype, str(each), store),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env=env,
            )
            for rank in range(count)
        ]
        self._end = weakref.finalize(self, _ended, self.ranks, self.folder)
        self._answers()

    def ask(self, what: str) -> list[dict[str, Any]]:
        """Tell all of them, and wait until the last has answered."""
        for rank in self.ranks:
            assert rank.stdin is not None
            rank.stdin.write(what + "\n")
            rank.stdin.flush()
        return self._answers()

    def close(self) -> None:
        """End them."""
        self._end()

    def _answers(self) -> list[dict[str, Any]]:
        lines = [rank.stdout.readline() for rank in self.ranks if rank.stdout is not None]
        if not all(lines):
            self.close()
            msg = "a rank has ended"
            raise RuntimeError(msg)
        return [json.loads(line) for line in lines]


def sharded(method: str, job: Job, arrays: Any) -> Prepared:
    """A job of kind sharded, by one of the ways: ours, torch or broadcast."""
    p = job.parameters
    ranks = Ranks(method, p["ranks"], p["plan"], job.dtype, arrays.threads)

    def run() -> Any:
        ranks.ask("run")
        return looked_at

    def peak() -> int:
        ranks.ask("settle")
        ranks.ask("run")
        extra, held = ranks.ask("peak"), ranks.ask("shards")
        return max(a["bytes"] + b["bytes"] for a, b in zip(extra, held, strict=True))

    ranks.ask("run")  # the first, in which groups are connected; its numbers are looked at
    numbers = ranks.ask("look")[0]["numbers"]
    looked_at = arrays.namespace.asarray(numbers)
    return Prepared(run, in_place=True, peak=peak, close=ranks.close)


def _ended(ranks: list[subprocess.Popen[str]], folder: tempfile.TemporaryDirectory[str]) -> None:
    for rank in ranks:
        rank.kill()
    for rank in ranks:
        rank.communicate()
    folder.cleanup()


class Rank:
    """One of them."""

    def __init__(self, method: str, rank: int, count: int, plan: str, dtype: str) -> None:
        import torch
        from torch import distributed
        from torch.distributed.device_mesh import init_device_mesh
        from torch.distributed.tensor import Shard, distribute_tensor

        self.method, self.rank, self.count = method, rank, count
        self.model, self.dtype, self.key = model(plan), dtype, 0
        mesh = init_device_mesh("cpu", (distributed.get_world_size(),))
        self.tensors = {}
        for name, shape in self.model.shapes.items():
            whole = torch.empty(shape, dtype=getattr(torch, dtype), device="meta")
            made = torch.empty_like(distribute_tensor(whole, mesh, [Shard(0)]), device="cpu")
            made.to_local().fill_(float("nan"))
            self.tensors[name] = made

    def run(self) -> dict[str, Any]:
        """Initialize what is there."""
        self.key += 1
        if self.method == "ours":
            from bench.fresh import ours

            ours.initialize(self.tensors, self.model, self.dtype, self.key)
        elif self.method == "torch":
            from bench.fresh import torch

            torch.initialize(self.tensors, self.model, self.dtype)
        else:
            self._broadcast()
        return {}

    def _broadcast(self) -> None:
        """A parameter at a time, which is kind: often a rank has all of the model first."""
        import torch
        from torch import distributed

        from bench.fresh import torch as program

        for name, shape in self.model.shapes.items():
            whole = torch.empty(shape, dtype=getattr(torch, self.dtype))
            if self.rank == 0:
                one = self.model._replace(shapes={name: shape})
                program.initialize({name: whole}, one, self.dtype)
            distributed.broadcast(whole, 0)
            local = self.tensors[name].to_local()
            rows = -(-shape[0] // self.count) * self.rank
            local.copy_(whole[rows : rows + local.shape[0]])

    def settle(self) -> dict[str, Any]:
        """Forget the peak of memory so far."""
        self.before = memory.settle()
        return {}

    def peak(self) -> dict[str, Any]:
        """What was taken beside the shards since then."""
        return {"bytes": memory.peak() - self.before}

    def shards(self) -> dict[str, Any]:
        """What the shards take."""
        return {"bytes": sum(each.to_local().nbytes for each in self.tensors.values())}

    def look(self) -> dict[str, Any]:
        """The first numbers of the first parameter."""
        first = next(iter(self.tensors.values())).to_local().reshape(-1)[:SHOWN]
        return {"numbers": first.float().tolist() if self.rank == 0 else []}


def main(
    method: str, rank: str, count: str, plan: str, dtype: str, threads: str, store: str
) -> None:
    """Answer on what was standard output; what libraries print goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    import torch
    from torch import distributed

    torch.set_num_threads(int(threads))
    distributed.init_process_group(
        "gloo", init_method=f"file://{store}", rank=int(rank), world_size=int(count)
    )
    own = Rank(method, int(rank), int(count), plan, dtype)
    print(json.dumps({}), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(getattr(own, line.strip())()), file=answers, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
