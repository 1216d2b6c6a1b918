"""A kernel's text to a function on a GPU, by NVIDIA's own bindings of its compiler.

torch's CUDA wheels for Linux bring them since torch 2.10; ``pip install cuda-bindings`` elsewhere.
"""

from __future__ import annotations

import functools
from typing import Any

from cuda.bindings import nvrtc

from agnostic_init.draws.engines.cuda import driver
from agnostic_init.draws.engines.cuda.cache import cached
from agnostic_init.draws.engines.cuda.source import STANDARD

__all__ = ["compiled", "function", "version"]


def function(text: str, index: int, capability: tuple[int, int]) -> driver.Kernel:
    """The kernel of a text, on a device by its index, compiled or from the disk."""
    arch = "sm_{}{}".format(*capability)
    key = (text, arch, "{}.{}".format(*version()))
    return driver.Kernel(cached(key, lambda: compiled(text, arch)), index)


def compiled(text: str, arch: str, *options: str) -> bytes:
    """The cubin of a text for an architecture such as ``sm_90``. It needs no GPU."""
    flags = [flag.encode() for flag in (f"-arch={arch}", f"-std={STANDARD}", *options)]
    program = _result(nvrtc.nvrtcCreateProgram(text.encode(), b"stream.cu", 0, None, None))
    try:
        (status,) = nvrtc.nvrtcCompileProgram(program, len(flags), flags)
        if int(status):
            log = bytes(_result(nvrtc.nvrtcGetProgramLogSize(program)))
            nvrtc.nvrtcGetProgramLog(program, log)
            text = log.rstrip(b"\0").decode(errors="replace")
            msg = f"{status.name} for {arch} {text}".rstrip()
            raise RuntimeError(msg)
        cubin = bytes(_result(nvrtc.nvrtcGetCUBINSize(program)))
        _result(nvrtc.nvrtcGetCUBIN(program, cubin))
        return cubin
    finally:
        nvrtc.nvrtcDestroyProgram(program)


@functools.cache
def version() -> tuple[int, int]:
    """Of the compiler."""
    major, minor = _result(nvrtc.nvrtcVersion())
    return int(major), int(minor)


def _result(answer: tuple[Any, ...]) -> Any:
    """What a call of the compiler gives, or its error in words."""
    status, *values = answer
    if int(status):
        raise RuntimeError(status.name)
    return values[0] if len(values) == 1 else tuple(values)
