"""From counted instructions to the values a second that a GPU could make at most."""

from __future__ import annotations

from dataclasses import dataclass

from bench.instructions.compiler import Resources
from bench.instructions.devices import Gpu, Rates, rates

__all__ = ["Bounds", "Counts", "blocks_resident", "bounds", "cycles"]

WARP = 32
SHARED_RESERVED = 1024  # bytes that CUDA keeps of each block's shared memory


@dataclass(frozen=True)
class Counts:
    """Instructions a value by pipe, on average, and turns of the shared memory a value and lane."""

    pipes: dict[str, float]
    shared_turns: float = 0.0

    @property
    def total(self) -> float:
        return sum(self.pipes.values())


@dataclass(frozen=True)
class Bounds:
    """Values a second: by instructions issued, by the pipe that is busiest, by writing them."""

    issue: float
    pipe: float
    busiest: str
    write: float

    @property
    def share(self) -> float:
        """Of the peak bandwidth of writing, what issue and pipes let through; 1 and more: all."""
        return min(self.issue, self.pipe) / self.write


def cycles(counts: Counts, rate: Rates) -> dict[str, float]:
    """Cycles that 32 values take of each part of a multiprocessor."""
    n = {name: WARP * number for name, number in counts.pipes.items()}
    multiplies = n.get("imad", 0.0) + 2.0 * n.get("wide", 0.0)
    return {
        "issue": sum(n.values()) / rate.issue,
        "fma": (n.get("fma", 0.0) + multiplies) / max(rate.float32, rate.integer),
        "multiply": multiplies / rate.integer,
        "alu": n.get("alu", 0.0) / rate.integer,
        "convert": n.get("convert", 0.0) / rate.convert + n.get("convert64", 0.0) / rate.convert64,
        "fp64": n.get("fp64", 0.0) / rate.float64,
        "shared": counts.shared_turns,
    }


def bounds(counts: Counts, gpu: Gpu, value_bytes: int) -> Bounds:
    """What a GPU at its highest clock could do at most."""
    taken = cycles(counts, rates(gpu.architecture))
    values = gpu.processors * gpu.clock * WARP
    issue = taken.pop("issue")
    busiest = max(taken, key=lambda name: taken[name])
    return Bounds(values / issue, values / taken[busiest], busiest, gpu.bandwidth / value_bytes)


def blocks_resident(needed: Resources, threads: int, architecture: str) -> int:
    """How many blocks of the kernel a multiprocessor holds at once."""
    rate = rates(architecture)
    registers = -(-needed.registers // 8) * 8 * threads
    limits = [rate.warps * WARP // threads, rate.registers // registers]
    if needed.shared:
        reserved = 0 if architecture == "75" else SHARED_RESERVED
        limits.append(rate.shared // (needed.shared + reserved))
    return min(limits)
