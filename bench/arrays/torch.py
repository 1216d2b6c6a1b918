"""torch's tensors, on the CPU or on a CUDA device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from bench.arrays import OnHost
from bench.job import Missing

__all__ = ["Arrays"]


class Arrays(OnHost):
    namespace = torch

    def __init__(self, device: str, threads: int) -> None:
        super().__init__()
        self.device, self.threads = device, threads
        if device == "cuda" and not torch.cuda.is_available():
            msg = "torch sees no CUDA device"
            raise Missing(msg)
        torch.set_num_threads(threads)

    def unwritten(self, shape: tuple[int, ...], dtype: str) -> torch.Tensor:
        kind = getattr(torch, dtype)
        value = float("nan") if kind.is_floating_point or kind.is_complex else 0
        return torch.full(shape, value, dtype=kind, device=self.device)

    def wait(self, result: Any) -> None:
        if self.device == "cuda":
            torch.cuda.synchronize()

    def seconds(self, run: Callable[[], Any], loops: int) -> float:
        if self.device == "cpu":
            return super().seconds(run, loops)
        torch.cuda.synchronize()
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        for _ in range(loops):
            run()
        end.record()
        end.synchronize()
        return start.elapsed_time(end) / 1e3 / loops

    def numbers(self, array: torch.Tensor, count: int) -> np.ndarray:
        first = array.detach().reshape(-1)[:count]
        if first.is_complex():
            first = first.real
        return first.to("cpu", torch.float64).numpy()

    def settle_memory(self) -> None:
        if self.device == "cpu":
            super().settle_memory()
            return
        torch.cuda.synchronize()
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        self.before = torch.cuda.memory_allocated()

    def peak_memory(self) -> int | None:
        if self.device == "cpu":
            return super().peak_memory()
        torch.cuda.synchronize()
        return torch.cuda.max_memory_allocated() - self.before

    def device_name(self) -> str | None:
        return torch.cuda.get_device_name() if self.device == "cuda" else None
