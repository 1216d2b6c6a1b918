"""How long do uniform and normal numbers take?"""

from __future__ import annotations

import math

from bench.job import Case, Job
from bench.questions import Options, power

__all__ = ["CONTENDERS", "cases"]

CONTENDERS = (
    "ours-numpy-plain",
    "ours-numpy",
    "ours-torch-plain",
    "ours-torch",
    "ours-jax",
    "torch",
    "jax",
    "numpy",
)


def cases(options: Options) -> list[Case]:
    usual = (1 << 24,) if options.short else (1 << 16, 1 << 20, 1 << 24)
    sizes = options.sizes or ((1 << 12,) if options.quick else usual)
    dtypes = options.dtypes or (("float32",) if options.quick else ("float32", "bfloat16"))
    if options.device == "cuda" and not options.sizes and not options.quick:
        sizes = (1 << 20, 1 << 24, 1 << 28)
    found = []
    for dtype in dtypes:
        for size in sizes:
            if dtype != "float32" and size != max(sizes):
                continue
            for kind, parameters, expect in (
                ("uniform", {"low": 0.0, "high": 1.0}, (0.5, math.sqrt(1 / 12))),
                ("normal", {"mean": 0.0, "std": 1.0}, (0.0, 1.0)),
            ):
                job = Job(kind, (size,), dtype, parameters)
                title = f"{kind}, {power(size)} {dtype}"
                memory = size == max(sizes)
                found.append(
                    Case("draws", title, job, CONTENDERS, "write", memory=memory, expect=expect)
                )
    return found
