"""How long do orthogonal matrices take?"""

from __future__ import annotations

from bench.job import Case, Job
from bench.questions import Options, by

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
    "scipy",
    "scipy-qr",
    "keras",
)

SHAPES = (
    (64, 64),
    (256, 256),
    (1024, 1024),
    (2048, 2048),
    (4096, 4096),
    (8192, 512),
    (512, 8192),
    (64, 256, 256),
    (512, 64, 64),
)
SHORT = ((64, 64), (256, 256), (1024, 1024), (512, 8192), (512, 64, 64))
QUICK = ((64, 64), (128, 32), (32, 128), (4, 32, 32))
MEMORY = ((4096, 4096), (64, 64))


def cases(options: Options) -> list[Case]:
    usual = SHORT if options.short else SHAPES
    shapes = options.shapes or (QUICK if options.quick else usual)
    dtypes = options.dtypes or ("float32",)
    return [
        Case(
            "orthogonal",
            f"{by(shape)} {dtype}",
            Job("orthogonal", shape, dtype),
            CONTENDERS,
            "matmul",
            limit_size=128 if options.quick else 2048,
            memory=shape in MEMORY and (options.quick or shape != (64, 64)),
        )
        for dtype in dtypes
        if dtype in {"float32", "float64"}
        for shape in shapes
    ]
