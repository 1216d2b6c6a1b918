"""Compiling and launching for torch by nothing but the driver and the NVRTC that torch comes with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from agnostic_init.draws.engines.cuda import driver, nvrtc
from agnostic_init.draws.engines.cuda.cache import cached
from agnostic_init.draws.engines.cuda.source import STANDARD, Variant, source

__all__ = ["kernel", "usable"]


def usable() -> bool:
    """Whether there are a driver and the NVRTC of torch's version of CUDA."""
    try:
        driver.library()
        nvrtc.version(_major())
    except (AttributeError, OSError, RuntimeError):
        return False
    return True


def kernel(variant: Variant, index: int, capability: tuple[int, int]) -> Callable[..., None]:
    """A function that launches on torch's current stream; the device is current already."""
    text, arch, major = source(variant), "sm_{}{}".format(*capability), _major()
    options = (f"-std={STANDARD}",)
    cubin = cached(
        (text, arch, nvrtc.version(major)), lambda: nvrtc.compiled(text, arch, options, major)
    )
    function = driver.Function(cubin, "fill", index)

    def run(blocks: int, out: Any, table: Any, words: Sequence[int]) -> None:
        stream = torch.cuda.current_stream().cuda_stream
        function.launch(blocks, variant.threads, stream, (out.data_ptr(), table.data_ptr()), words)

    return run


def _major() -> str:
    return str(torch.version.cuda).partition(".")[0]
