"""How do time and memory grow with the size, and how does time shrink with the threads?"""

from __future__ import annotations

from bench.job import Case, Job
from bench.questions import Options, by, power

__all__ = ["cases"]

DRAWS = ("ours-numpy", "ours-torch", "torch", "jax", "numpy")
MATRICES = ("ours-numpy", "ours-torch", "torch", "jax")
ALONE = ("ours-numpy", "ours-torch", "torch")
NORMAL = {"mean": 0.0, "std": 1.0}


def cases(options: Options) -> list[Case]:
    return [*_elements(options), *_matrices(options), *_threads(options)]


def _elements(options: Options) -> list[Case]:
    exponents = (10, 12) if options.quick else range(10, 31, 2)
    sizes = options.sizes or tuple(1 << exponent for exponent in exponents)
    found = []
    for size in sizes:
        # The top in bfloat16, so that it fits a laptop.
        dtype = "bfloat16" if size > 1 << 26 or (options.quick and size > 1 << 10) else "float32"
        found.append(
            Case(
                "scaling",
                f"normal, {power(size)} {dtype}",
                Job("normal", (size,), dtype, NORMAL),
                DRAWS,
                "write",
                memory=size >= 1 << 20,
                expect=(0.0, 1.0),
            )
        )
    return found


def _matrices(options: Options) -> list[Case]:
    lengths = (32,) if options.quick else (64, 128, 256, 512, 1024, 2048, 4096, 8192)
    shapes = options.shapes or tuple((length, length) for length in lengths)
    return [
        Case(
            "scaling",
            f"orthogonal, {by(shape)} float32",
            Job("orthogonal", shape),
            MATRICES if max(shape) < 8192 else ALONE,
            "matmul",
            limit_size=128 if options.quick else 2048,
            memory=shape[-1] >= 1024,
        )
        for shape in shapes
    ]


def _threads(options: Options) -> list[Case]:
    """From one thread to all, doubling; on an accelerator there is nothing to vary."""
    if options.device != "cpu":
        return []
    counts = sorted({1 << n for n in range(options.threads.bit_length())} | {options.threads})
    if options.quick:
        counts = [options.threads]  # no workers of its own
    size, length = (1 << 12, 32) if options.quick else (1 << 24, 2048)
    found = []
    for count in counts:
        threads = f"{count} thread{'s' if count > 1 else ''}"
        found += [
            Case(
                "scaling",
                f"{threads}: normal, {power(size)} float32",
                Job("normal", (size,), "float32", NORMAL),
                ("ours-numpy", "ours-torch") if options.quick else (*DRAWS[:4], "ours-numpy-plain"),
                None if options.quick else "write",
                threads=count,
                expect=(0.0, 1.0),
            ),
            Case(
                "scaling",
                f"{threads}: orthogonal, {by((length, length))} float32",
                Job("orthogonal", (length, length)),
                ("ours-numpy",) if options.quick else MATRICES,
                None if options.quick else "matmul",
                limit_size=2048,
                threads=count,
            ),
        ]
    return found
