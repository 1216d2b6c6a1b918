"""What does a call cost where there is little to do?"""

from __future__ import annotations

import math

from bench.job import Case, Job
from bench.questions import Options

__all__ = ["cases"]

CONTENDERS = ("ours-numpy", "ours-torch", "ours-jax", "torch", "jax", "numpy", "keras", "cupy")


def cases(options: Options) -> list[Case]:
    plan = "20 of 64²" if options.quick else "1,000 of 64²"
    shape = (64, 64)
    found = [
        Case("small_tensors", f"one {title} of 64 × 64", job, CONTENDERS, expect=expect)
        for title, job, expect in (
            (
                "uniform",
                Job("uniform", shape, parameters={"low": 0.0, "high": 1.0}),
                (0.5, math.sqrt(1 / 12)),
            ),
            ("normal", Job("normal", shape, parameters={"mean": 0.0, "std": 1.0}), (0.0, 1.0)),
            (
                "truncated normal ±2σ",
                Job(
                    "truncated_normal",
                    shape,
                    parameters={"mean": 0.0, "std": 1.0, "lower": -2.0, "upper": 2.0},
                ),
                (0.0, 0.8796256610342398),
            ),
        )
    ]
    title = f"{plan.partition(' ')[0]} normals of 64 × 64, a model's"
    job = Job("plan", (), "float32", {"plan": plan})
    return [*found, Case("small_tensors", title, job, CONTENDERS, expect=(0.0, 0.02))]
