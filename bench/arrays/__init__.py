"""What the measurements need of an array library: memory, clocks, and a look at the values.

Each module has a class `Arrays`, made with a device ("cpu" or "cuda") and a number of threads:

    namespace                       the module that makes arrays, and that agnostic_init is given
    unwritten(shape, dtype)         an array in memory that has been touched, of NaN where it can be
    seconds(run, loops)             of one call, everything that it started included
    numbers(array, count)           the first `count` elements as float64 in NumPy
    settle_memory(), peak_memory()  the peak between the two, in bytes; None if unknown
    device_name()                   the accelerator's name, or None
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from bench import memory

__all__ = ["OnHost"]


class OnHost:
    """The clock and the memory of the host."""

    def __init__(self) -> None:
        self.before = 0

    def wait(self, result: Any) -> None:
        """Return when the result is there."""

    def seconds(self, run: Callable[[], Any], loops: int) -> float:
        start = time.perf_counter()
        for _ in range(loops):
            result = run()
        self.wait(result)
        return (time.perf_counter() - start) / loops

    def settle_memory(self) -> None:
        self.before = memory.settle()

    def peak_memory(self) -> int | None:
        return max(0, memory.peak() - self.before)

    def device_name(self) -> str | None:
        return None
