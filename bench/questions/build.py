"""How long does a user wait for a module that somebody else wrote, in a process that has just begun?"""

from __future__ import annotations

from bench.job import Case, Job
from bench.plans import model
from bench.questions import Options

__all__ = ["cases"]

CONTENDERS = ("ours-torch", "construction")
# By whose code; the plan of that name has the shapes.
MODELS = (
    ("GPT-2 medium", "float32", "transformers"),
    ("Llama of 1.1e9", "bfloat16", "transformers"),
    ("ResNet-50", "float32", "torchvision"),
)
QUICK = (
    ("toy GPT-2", "float32", "transformers"),
    ("20 of 64²", "float32", "torch"),
)


def cases(options: Options) -> list[Case]:
    if options.device != "cpu":
        return []
    return [
        Case(
            "build",
            f"{name} of {library}, {dtype}",
            Job("build", (), dtype, {"plan": name, "library": library}),
            CONTENDERS,
            memory=True,
            expect=None if library == "torch" else (0.0, model(name).tensors()[0].std),
        )
        for name, dtype, library in (QUICK if options.quick else MODELS)
        if dtype in (options.dtypes or ("float32", "bfloat16"))
    ]
