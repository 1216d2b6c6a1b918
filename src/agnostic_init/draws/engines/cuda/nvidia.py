"""Compiling and launching for torch by NVIDIA's cuda.core, with a cache on disk."""

from __future__ import annotations

import ctypes
import importlib
from collections.abc import Callable, Sequence
from typing import Any

from agnostic_init.draws.engines.cuda.cache import cached
from agnostic_init.draws.engines.cuda.source import STANDARD, Variant, source

__all__ = ["cubin", "kernel", "usable"]


class _Stream:
    """torch's current stream, as cuda.core wants it."""

    def __cuda_stream__(self) -> tuple[int, int]:
        import torch

        return 0, torch.cuda.current_stream().cuda_stream


def usable() -> bool:
    """Whether cuda.core is installed, and NVRTC with it."""
    try:
        importlib.import_module("cuda.core").launch  # noqa: B018 - releases before 1.0 have none
        _version()
    except (AttributeError, ImportError, OSError, RuntimeError):
        return False
    return True


def kernel(variant: Variant, index: int, capability: tuple[int, int]) -> Callable[..., None]:
    """A function that launches on torch's current stream; the device is current already."""
    core = importlib.import_module("cuda.core")
    device = core.Device(index)
    device.set_current()
    function = core.ObjectCode.from_cubin(cubin(variant, capability)).get_kernel("fill")

    def run(blocks: int, out: Any, table: Any, words: Sequence[int]) -> None:
        config = core.LaunchConfig(grid=blocks, block=variant.threads)
        arguments = (out.data_ptr(), table.data_ptr(), *map(ctypes.c_uint32, words))
        device.set_current()  # a thread that has just begun has no context
        core.launch(_Stream(), config, function, *arguments)

    return run


def cubin(variant: Variant, capability: tuple[int, int]) -> bytes:
    """The compiled kernel, from the disk if it is there."""
    core = importlib.import_module("cuda.core")
    text, arch = source(variant), "sm_{}{}".format(*capability)

    def compiled() -> bytes:
        options = core.ProgramOptions(arch=arch, std=STANDARD)
        return bytes(core.Program(text, "c++", options).compile("cubin").code)

    return cached((text, arch, _version()), compiled)


def _version() -> str:
    error, *version = importlib.import_module("cuda.bindings.nvrtc").nvrtcVersion()
    if int(error):
        raise RuntimeError(str(error))
    return ".".join(map(str, version))
