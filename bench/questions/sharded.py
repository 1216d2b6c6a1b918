"""What do shards cost: by position, by torch's own DTensors, or made on one rank and broadcast?"""

from __future__ import annotations

from bench.job import Case, Job
from bench.questions import Options

__all__ = ["cases"]

CONTENDERS = ("ours-torch", "torch", "torch-broadcast")


def cases(options: Options) -> list[Case]:
    if options.device != "cpu" or options.quick:
        return []  # one device has no other to share with; starting ranks is not quick
    plan, counts = "GPT-2 small", (2,) if options.short else (2, 4)
    return [
        Case(
            "sharded",
            f"{plan} of {dtype} in rows, {count} ranks",
            Job("sharded", (), dtype, {"plan": plan, "ranks": count}),
            CONTENDERS,
            memory=True,
            expect=(0.0, 0.02),
        )
        for dtype in options.dtypes or ("float32", "bfloat16")
        for count in counts
    ]
