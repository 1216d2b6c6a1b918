"""The time of calls on a GPU, or on the host that stands for one."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

__all__ = ["Cupy", "Host", "Torch", "compared", "device_of"]

LEAST = 2e-3  # seconds that a sample takes at least


class Torch:
    """Events on torch's current stream."""

    def __init__(self) -> None:
        import torch

        self.torch = torch
        self.name = torch.cuda.get_device_name()

    def wait(self) -> None:
        self.torch.cuda.synchronize()

    def seconds(self, call: Callable[[], object], loops: int) -> float:
        first, last = (self.torch.cuda.Event(enable_timing=True) for _ in range(2))
        self.wait()
        first.record()
        for _ in range(loops):
            call()
        last.record()
        last.synchronize()
        return float(first.elapsed_time(last)) / 1e3 / loops


class Cupy:
    """Events on CuPy's current stream."""

    def __init__(self) -> None:
        import cupy

        self.cuda = cupy.cuda
        self.name = cupy.cuda.runtime.getDeviceProperties(0)["name"].decode()

    def wait(self) -> None:
        self.cuda.Device().synchronize()

    def seconds(self, call: Callable[[], object], loops: int) -> float:
        first, last = self.cuda.Event(), self.cuda.Event()
        self.wait()
        first.record()
        for _ in range(loops):
            call()
        last.record()
        last.synchronize()
        return float(self.cuda.get_elapsed_time(first, last)) / 1e3 / loops


class Host:
    """The clock, where a host stands for the GPU so that the program itself can be tried."""

    name = "a host in the place of a GPU"

    def wait(self) -> None:
        """Nothing is ever under way."""

    def seconds(self, call: Callable[[], object], loops: int) -> float:
        start = time.perf_counter()
        for _ in range(loops):
            call()
        return (time.perf_counter() - start) / loops


def device_of(library: str, device: str) -> Any:
    """The clock of an array library's device."""
    if device == "cpu":
        return Host()
    return Cupy() if library == "cupy" else Torch()


def compared(
    clock: Any, calls: dict[str, Callable[[], object]], rounds: int, longest: float = 1.0
) -> dict[str, dict[str, Any]]:
    """The seconds of each call: all in turn, round after round.

    Of a call that takes longer than `longest` seconds there is one sample.
    """
    found: dict[str, list[float]] = {}
    loops: dict[str, int] = {}
    for name, call in calls.items():
        call()  # what is loaded and compiled at the first
        one = clock.seconds(call, 1)
        loops[name] = max(1, min(1000, round(LEAST / max(one, 1e-7))))
        found[name] = [one] if one > longest else []
    for _ in range(rounds):
        for name, call in calls.items():
            if not found[name] or loops[name] > 1 or found[name][0] <= longest:
                found[name].append(clock.seconds(call, loops[name]))
    return {
        name: {"seconds": statistics.median(samples), "samples": samples}
        for name, samples in found.items()
    }
