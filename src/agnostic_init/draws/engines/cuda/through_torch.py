"""Compiling and launching by torch's own entry to NVRTC, which is private: looked for, not relied on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from agnostic_init.draws.engines.cuda.source import STANDARD, Variant, source

__all__ = ["kernel", "usable"]


def usable() -> bool:
    """Whether this torch has the entry, and finds NVRTC."""
    try:
        torch.cuda._utils._get_gpu_rtc_library()
    except (AttributeError, ImportError, OSError, RuntimeError):
        return False
    return hasattr(torch.cuda, "_compile_kernel")


def kernel(variant: Variant, index: int, capability: tuple[int, int]) -> Callable[..., None]:
    """A function that launches on torch's current stream; the device is current already."""
    function = torch.cuda._compile_kernel(
        source(variant), "fill", nvcc_options=[f"--std={STANDARD}"]
    )

    def run(blocks: int, out: Any, table: Any, words: Sequence[int]) -> None:
        # Python integers are passed as C's signed int.
        signed = [word - (word >> 31 << 32) for word in words]
        function((blocks, 1, 1), (variant.threads, 1, 1), [out, table, *signed])

    return run
