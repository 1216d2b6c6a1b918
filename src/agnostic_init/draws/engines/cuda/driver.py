"""CUDA's driver through ctypes: a cubin to a function, and its launch."""

from __future__ import annotations

import ctypes
import functools
import struct
from collections.abc import Sequence

__all__ = ["Function", "library"]

NAMES = ("libcuda.so.1", "nvcuda.dll")
# CU_LAUNCH_PARAM_*: all arguments of a launch in one buffer.
END, BUFFER_POINTER, BUFFER_SIZE = 0, 1, 2


@functools.cache
def library() -> ctypes.CDLL:
    """The driver.

    Raises
    ------
    OSError
        If there is none.
    """
    for name in NAMES:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    msg = "there is no CUDA driver"
    raise OSError(msg)


class Function:
    """The kernel of a cubin on a device, by its index."""

    def __init__(self, cubin: bytes, name: str, index: int) -> None:
        self.index = index
        self._attach()
        module, self._function = ctypes.c_void_p(), ctypes.c_void_p()
        _check(library().cuModuleLoadData(ctypes.byref(module), cubin))
        found = (ctypes.byref(self._function), module, name.encode())
        _check(library().cuModuleGetFunction(*found))

    def launch(
        self, blocks: int, threads: int, stream: int, addresses: Sequence[int], words: Sequence[int]
    ) -> None:
        """Launch with arguments of 64 bits, then of 32. They are copied before this returns."""
        self._attach()
        # 64 bits first, so that they lie in the buffer as the kernel's parameters do.
        packed = struct.pack(f"={len(addresses)}Q{len(words)}I", *addresses, *words)
        buffer, size = (
            ctypes.create_string_buffer(packed, len(packed)),
            ctypes.c_size_t(len(packed)),
        )
        extra = (ctypes.c_void_p * 5)(
            BUFFER_POINTER, ctypes.addressof(buffer), BUFFER_SIZE, ctypes.addressof(size), END
        )
        grid = (blocks, 1, 1, threads, 1, 1)
        _check(
            library().cuLaunchKernel(self._function, *grid, 0, ctypes.c_void_p(stream), None, extra)
        )

    def _attach(self) -> None:
        """Give the thread the device's context, which a thread that has just begun has not."""
        current = ctypes.c_void_p()
        _check(library().cuCtxGetCurrent(ctypes.byref(current)))
        if current.value is None:
            device = ctypes.c_int()
            _check(library().cuDeviceGet(ctypes.byref(device), self.index))
            _check(library().cuDevicePrimaryCtxRetain(ctypes.byref(current), device))
            _check(library().cuCtxSetCurrent(current))


def _check(status: int) -> None:
    if status:
        texts = []
        for ask in (library().cuGetErrorName, library().cuGetErrorString):
            text = ctypes.c_char_p()
            ask(status, ctypes.byref(text))
            texts.append(text.value.decode() if text.value else str(status))
        raise RuntimeError(": ".join(texts))
