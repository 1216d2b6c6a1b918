"""NVIDIA's driver, by the calls that load a kernel and launch it.

By ctypes, as whole bindings take longer to import than a kernel takes to fill a model, and longer to
launch than torch takes to fill a small tensor. Whoever uses a GPU has the driver.
"""

from __future__ import annotations

import ctypes
import functools
import sys
from ctypes import POINTER, byref, c_char_p, c_int, c_uint, c_void_p
from typing import Any

__all__ = ["Kernel", "library", "version"]

NAMES = ("nvcuda.dll",) if sys.platform == "win32" else ("libcuda.so.1", "libcuda.so")
CALLS = {
    "cuInit": (c_uint,),
    "cuDriverGetVersion": (POINTER(c_int),),
    "cuGetErrorName": (c_int, POINTER(c_char_p)),
    "cuGetErrorString": (c_int, POINTER(c_char_p)),
    "cuDeviceGet": (POINTER(c_int), c_int),
    "cuDevicePrimaryCtxRetain": (POINTER(c_void_p), c_int),
    "cuCtxGetCurrent": (POINTER(c_void_p),),
    "cuCtxSetCurrent": (c_void_p,),
    "cuModuleLoadData": (POINTER(c_void_p), c_char_p),
    "cuModuleGetFunction": (POINTER(c_void_p), c_void_p, c_char_p),
    "cuLaunchKernel": (c_void_p, *[c_uint] * 7, c_void_p, c_void_p, c_void_p),
}


class Kernel:
    """The kernel ``fill`` of a cubin, on a device by its index.

    Raises
    ------
    RuntimeError
        In the driver's words, if there is none or it refuses.
    """

    def __init__(self, cubin: bytes, index: int) -> None:
        self._driver = library()
        self._launch = self._driver.cuLaunchKernel
        self._device = index
        self._attach()
        self._module = self._new("cuModuleLoadData", cubin)
        self._function = self._new("cuModuleGetFunction", self._module, b"fill")

    def __call__(self, blocks: int, threads: int, stream: int, arguments: bytes) -> None:
        """Launch with one argument, a record. It is copied before this returns."""
        self._attach()
        places = (c_char_p * 1)(arguments)
        status = self._launch(self._function, blocks, 1, 1, threads, 1, 1, 0, stream, places, None)
        if status:
            raise _error(self._driver, status)

    def _attach(self) -> None:
        """Give the thread the device's context, which a thread that has just begun has not."""
        current = c_void_p()
        if self._driver.cuCtxGetCurrent(byref(current)) or current.value is None:
            device = self._new("cuDeviceGet", self._device, kind=c_int)
            context = self._new("cuDevicePrimaryCtxRetain", device)
            _call(self._driver, "cuCtxSetCurrent", context)

    def _new(self, name: str, *given: Any, kind: Any = c_void_p) -> Any:
        """What a call writes at its first argument."""
        made = kind()
        _call(self._driver, name, byref(made), *given)
        return made.value


@functools.cache
def library() -> Any:
    """The driver's library, started.

    Raises
    ------
    RuntimeError
        If there is none, or it finds no device.
    """
    found, reason = None, ""
    for name in NAMES:
        try:
            found = ctypes.CDLL(name)
            break
        except OSError as error:
            reason = reason or str(error)
    if found is None:
        msg = f"there is no CUDA driver ({reason})"
        raise RuntimeError(msg)
    for name, arguments in CALLS.items():
        function = getattr(found, name)
        function.argtypes, function.restype = arguments, c_int
    _call(found, "cuInit", 0)
    return found


@functools.cache
def version() -> tuple[int, int]:
    """Of CUDA, that the driver supports."""
    number = c_int()
    _call(library(), "cuDriverGetVersion", byref(number))
    return number.value // 1000, number.value % 1000 // 10


def _call(driver: Any, name: str, *given: Any) -> None:
    status = getattr(driver, name)(*given)
    if status:
        raise _error(driver, status)


def _error(driver: Any, status: int) -> RuntimeError:
    """A status by its name and in words."""
    words = []
    for name in ("cuGetErrorName", "cuGetErrorString"):
        text = c_char_p()
        if not getattr(driver, name)(status, byref(text)) and text.value:
            words.append(text.value.decode(errors="replace"))
    return RuntimeError(": ".join(words) or f"CUDA error {status}")
