"""A kernel's text to a function on a GPU, by NVIDIA's own bindings of its compiler and its driver.

torch's CUDA wheels for Linux bring them since torch 2.10; ``pip install cuda-bindings`` elsewhere.
"""

from __future__ import annotations

import ctypes
import functools
from typing import Any

from cuda.bindings import driver, nvrtc

from agnostic_init.draws.engines.cuda.cache import cached
from agnostic_init.draws.engines.cuda.source import STANDARD

__all__ = ["Function", "compiled", "driver_version", "version"]


class Function:
    """The kernel ``fill`` of a text, on a device by its index, compiled or from the disk."""

    def __init__(self, text: str, index: int, capability: tuple[int, int]) -> None:
        arch = "sm_{}{}".format(*capability)
        key = (text, arch, "{}.{}".format(*version()))
        cubin = cached(key, lambda: compiled(text, arch))
        self._device = index
        self._attach()
        self._module = _result(driver.cuModuleLoadData(cubin))
        self._function = _result(driver.cuModuleGetFunction(self._module, b"fill"))

    def __call__(self, blocks: int, threads: int, stream: int, arguments: bytes) -> None:
        """Launch with one argument, a record. It is copied before this returns."""
        self._attach()
        places = (ctypes.c_char_p * 1)(arguments)
        grid = (blocks, 1, 1, threads, 1, 1)
        place = ctypes.addressof(places)
        _result(driver.cuLaunchKernel(self._function, *grid, 0, stream, place, 0))

    def _attach(self) -> None:
        """Give the thread the device's context, which a thread that has just begun has not."""
        if int(_result(driver.cuCtxGetCurrent())) == 0:
            device = _result(driver.cuDeviceGet(self._device))
            _result(driver.cuCtxSetCurrent(_result(driver.cuDevicePrimaryCtxRetain(device))))


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


@functools.cache
def driver_version() -> tuple[int, int]:
    """Of CUDA, that the driver supports."""
    number = _result(driver.cuDriverGetVersion())
    return number // 1000, number % 1000 // 10


def _result(answer: tuple[Any, ...]) -> Any:
    """What a call of either library gives, or its error in words."""
    status, *values = answer
    if int(status):
        words = status.name
        if isinstance(status, driver.CUresult):
            _, text = driver.cuGetErrorString(status)
            words += f": {text.decode()}" if text else ""
        raise RuntimeError(words)
    return values[0] if len(values) == 1 else tuple(values)
