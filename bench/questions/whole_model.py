"""How long does it take to initialize every parameter of a model?"""

from __future__ import annotations

from bench.job import Case, Job
from bench.questions import Options

__all__ = ["cases"]

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
# NumPy's Generator has no bfloat16; the slower of our kernels needs no second look at this size.
LARGE = (
    "ours-numpy",
    "ours-torch",
    "ours-jax",
    "torch",
    "jax",
)


def cases(options: Options) -> list[Case]:
    small, large = (
        ("toy GPT-2", "toy Llama") if options.quick else ("GPT-2 small", "Llama of 1.1e9")
    )
    return [
        Case(
            "whole_model",
            f"{plan} {dtype}",
            Job("plan", (), dtype, {"plan": plan}),
            contenders,
            "write",
            memory=True,
            expect=(0.0, 0.02),
        )
        for plan, dtype, contenders in (
            (small, "float32", CONTENDERS),
            (large, "bfloat16", LARGE),
        )
        if dtype in (options.dtypes or ("float32", "bfloat16"))
    ]
