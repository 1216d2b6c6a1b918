"""CuPy's arrays, on a CUDA device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cupy
import numpy as np

from bench.arrays import OnHost
from bench.job import Missing, NotOffered

__all__ = ["Arrays"]


class Arrays(OnHost):
    namespace = cupy

    def __init__(self, device: str, threads: int) -> None:
        super().__init__()
        self.device, self.threads = device, threads
        if device != "cuda" or not cupy.is_available():
            msg = "CuPy sees no CUDA device" if device == "cuda" else "CuPy is on CUDA devices"
            raise Missing(msg)

    def dtype(self, name: str) -> np.dtype:
        if name == "bfloat16":
            try:
                import ml_dtypes
            except ImportError as error:
                msg = "CuPy has no bfloat16 without ml_dtypes"
                raise NotOffered(msg) from error
            return np.dtype(ml_dtypes.bfloat16)
        return np.dtype(name)

    def unwritten(self, shape: tuple[int, ...], dtype: str) -> Any:
        out = cupy.empty(shape, self.dtype(dtype))
        out.reshape(-1).view(cupy.uint8).fill(255)
        return out

    def wait(self, result: Any) -> None:
        cupy.cuda.get_current_stream().synchronize()

    def seconds(self, run: Callable[[], Any], loops: int) -> float:
        cupy.cuda.get_current_stream().synchronize()
        start, end = cupy.cuda.Event(), cupy.cuda.Event()
        start.record()
        for _ in range(loops):
            run()
        end.record()
        end.synchronize()
        return cupy.cuda.get_elapsed_time(start, end) / 1e3 / loops

    def numbers(self, array: Any, count: int) -> np.ndarray:
        return cupy.asnumpy(array.reshape(-1)[:count]).real.astype(np.float64)

    def settle_memory(self) -> None:
        self.wait(None)
        pool = cupy.get_default_memory_pool()
        pool.free_all_blocks()
        self.before = pool.total_bytes()

    def peak_memory(self) -> int:
        """What the pool had to take from the device, which it keeps until it is told to free it."""
        self.wait(None)
        return cupy.get_default_memory_pool().total_bytes() - self.before

    def device_name(self) -> str | None:
        return cupy.cuda.runtime.getDeviceProperties(cupy.cuda.Device().id)["name"].decode()
