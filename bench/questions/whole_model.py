"""How long does it take to initialize every parameter of a model?"""

from __future__ import annotations

from bench.job import Case, Job
from bench.questions import Options

__all__ = ["cases"]

CONTENDERS = (
    "ours-numpy-plain",
    "ours-numpy-compiled",
    "ours-torch-plain",
    "ours-torch-compiled",
    "ours-jax-compiled",
    "torch",
    "jax",
    "numpy",
)
# NumPy's Generator has no bfloat16; the slower of our kernels needs no second look at this size.
LARGE = (
    "ours-numpy-compiled",
    "ours-torch-compiled",
    "ours-jax-compiled",
    "torch",
    "jax",
)


def cases(options: Options) -> list[Case]:
    small, large = ("gpt2-toy", "llama-toy") if options.quick else ("gpt2-small", "llama-1.1b")
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
