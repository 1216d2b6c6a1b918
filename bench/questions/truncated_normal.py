"""How long do truncated normal numbers take, at the usual bounds and in the far tail?"""

from __future__ import annotations

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
    "torch-erfinv",
    "jax",
    "keras",
    "scipy",
)

# Title, std, lower and upper bound as values, and the mean and std of the result.
BOUNDS = (
    ("±2σ", 1.0, -2.0, 2.0, (0.0, 0.8796256610342398)),
    ("std 0.02 within ±2", 0.02, -2.0, 2.0, (0.0, 0.02)),
    ("±0.5σ", 1.0, -0.5, 0.5, (0.0, 0.2838822900443276)),
    ("[4, 1000]", 1.0, 4.0, 1000.0, (4.2256071444894765, 0.2160389742555691)),
)


def cases(options: Options) -> list[Case]:
    sizes = options.sizes or ((1 << 12,) if options.quick else (1 << 24,))
    dtypes = options.dtypes or ("float32",)
    found = []
    for dtype in dtypes:
        for size in sizes:
            for title, std, lower, upper, expect in BOUNDS[:1] if options.short else BOUNDS:
                parameters = {"mean": 0.0, "std": std, "lower": lower, "upper": upper}
                found.append(
                    Case(
                        "truncated_normal",
                        f"{title}, {power(size)} {dtype}",
                        Job("truncated_normal", (size,), dtype, parameters),
                        # SciPy's take seconds each.
                        CONTENDERS[:-1] if options.short else CONTENDERS,
                        "write",
                        memory=title == "±2σ" and size == max(sizes),
                        expect=expect,
                    )
                )
    return found
