"""Compiling and launching for torch by CuPy, where both are installed."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from agnostic_init.draws.engines.cuda.source import Variant

__all__ = ["kernel", "usable"]


def usable() -> bool:
    """Whether CuPy is installed, and finds a GPU and NVRTC."""
    try:
        cupy = importlib.import_module("cupy")
        cupy.cuda.nvrtc.getVersion()
    except (AttributeError, ImportError, OSError, RuntimeError):
        return False
    return bool(cupy.cuda.is_available())


def kernel(variant: Variant, index: int, capability: tuple[int, int]) -> Callable[..., None]:
    """A function that launches on torch's current stream."""
    cupy = importlib.import_module("cupy")
    engine = importlib.import_module("agnostic_init.draws.engines.cuda.cupy")
    function = engine.kernel(variant, index)

    def run(blocks: int, out: Any, table: Any, words: Sequence[int]) -> None:
        handle = torch.cuda.current_stream().cuda_stream
        stream = cupy.cuda.ExternalStream(handle, index) if handle else cupy.cuda.Stream.null
        arguments = (np.uint64(out.data_ptr()), np.uint64(table.data_ptr()))
        with cupy.cuda.Device(index), stream:
            function((blocks,), (variant.threads,), (*arguments, *map(np.uint32, words)))

    return run
