"""What does it cost to say what an array holds, beside a plain read of its memory?"""

from __future__ import annotations

from bench.job import Case, Job
from bench.questions import Options, power

__all__ = ["cases"]

CONTENDERS = ("ours-numpy", "ours-numpy-plain", "ours-torch", "hashlib")


def cases(options: Options) -> list[Case]:
    sizes = options.sizes or ((1 << 12,) if options.quick else (1 << 16, 1 << 22, 1 << 26))
    dtypes = options.dtypes or ("float32", "bfloat16")
    return [
        Case(
            "fingerprint",
            f"fingerprint of {power(size)} {dtype}",
            Job("fingerprint", (size,), dtype),
            CONTENDERS,
            "read",
            expect=(0.0, 1.0),
        )
        for dtype in dtypes
        for size in sizes
    ]
