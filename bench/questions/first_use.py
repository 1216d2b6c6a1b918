"""How long does a user wait for a model's weights, in a process that has just begun?"""

from __future__ import annotations

from bench.job import Case, Job
from bench.plans import model
from bench.questions import Options

__all__ = ["cases"]

CONTENDERS = ("ours-numpy", "ours-torch", "ours-jax", "torch", "numpy", "jax-eager")
WITHOUT_JAX = ("ours-numpy", "ours-torch", "torch", "numpy")
WITHOUT_NUMPY = ("ours-torch", "ours-jax", "torch", "jax-eager")
MODELS = (
    ("GPT-2 small", "float32", CONTENDERS),
    ("GPT-2 small, ±2σ", "float32", CONTENDERS),
    ("ResNet-50", "float32", CONTENDERS),
    ("1,000 of 64²", "float32", CONTENDERS),
    ("Llama of 1.1e9", "bfloat16", WITHOUT_NUMPY),
    ("orthogonal: 16 of 256², 2 of 1024², 512 × 8192", "float32", CONTENDERS),
    ("orthogonal: 12 layers of GPT-2", "float32", CONTENDERS),
)
QUICK = (
    ("toy GPT-2, ±2σ", "float32", CONTENDERS),
    ("toy ResNet", "float32", WITHOUT_JAX),
    ("orthogonal: 1 layer of 16", "float32", WITHOUT_JAX),
)
# Of the standard normal, cut at two sigmas.
WITHIN_TWO_SIGMAS = 0.8796256610342398


def cases(options: Options) -> list[Case]:
    # What an accelerator's first use takes is another question, and not asked yet.
    if options.device != "cpu":
        return []
    models = QUICK if options.quick else MODELS
    found = [
        Case(
            "first_use",
            f"{name}, {dtype}",
            Job("first", (), dtype, {"plan": name}),
            contenders,
            expect=_expect(name),
        )
        for name, dtype, contenders in models
        if dtype in (options.dtypes or ("float32", "bfloat16"))
    ]
    name = models[0][0]
    job = Job("first", (), "float32", {"plan": name, "new_files": True})
    title = f"{name}, float32, the first time after installing"
    return [*found, Case("first_use", title, job, ("ours-torch", "torch"), expect=_expect(name))]


def _expect(name: str) -> tuple[float, float] | None:
    """Mean and standard deviation of the first parameter; an orthogonal one is looked at itself."""
    first = model(name).tensors()[0]
    if first.law.kind == "orthogonal":
        return None
    within = WITHIN_TWO_SIGMAS if first.law.kind == "truncated_normal" else 1.0
    return 0.0, first.std * within
