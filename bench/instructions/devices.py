"""The published figures of GPUs that the model needs.

Lanes a clock and multiprocessor are from the table "Throughput of Native Arithmetic Instructions"
of NVIDIA's CUDA C++ Programming Guide 12.9 and Best Practices Guide 13. Which pipe executes what,
the fast conversions on the integer pipe among them, is from Nsight Compute's documentation. A wide
product is taken at half the rate of a narrow one: that is in no table, and on the safe side.
Multiprocessors, highest clock and bandwidth are of the architecture white papers and data sheets.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["GPUS", "Gpu", "Rates", "rates"]


@dataclass(frozen=True)
class Rates:
    """Lanes a clock of one multiprocessor, and what it holds."""

    float32: int
    float64: int
    convert64: int
    shared: int  # bytes for all blocks
    warps: int
    integer: int = 64
    convert: int = 16
    issue: int = 128  # four schedulers, a warp's instruction each
    registers: int = 65536


@dataclass(frozen=True)
class Gpu:
    """One GPU: its architecture, multiprocessors, clock in Hz, bytes a second of its memory."""

    name: str
    architecture: str
    processors: int
    clock: float
    bandwidth: float
    source: str


KIB = 1024
RATES = {
    "75": Rates(float32=64, float64=2, convert64=2, shared=64 * KIB, warps=32),
    "80": Rates(float32=64, float64=32, convert64=16, shared=164 * KIB, warps=64),
    "89": Rates(float32=128, float64=2, convert64=2, shared=100 * KIB, warps=48),
    "90": Rates(float32=128, float64=64, convert64=16, shared=228 * KIB, warps=64),
    "100": Rates(float32=128, float64=64, convert64=16, shared=228 * KIB, warps=64),
    "120": Rates(float32=128, float64=2, convert64=2, shared=100 * KIB, warps=48),
}

GPUS = (
    Gpu("T4", "75", 40, 1.59e9, 320e9, "Turing white paper"),
    Gpu("A100 SXM 80 GB", "80", 108, 1.41e9, 2.039e12, "A100 data sheet"),
    Gpu("RTX 4090", "89", 128, 2.52e9, 1.008e12, "Ada white paper"),
    Gpu("H100 SXM", "90", 132, 1.98e9, 3.35e12, "H100 data sheet"),
    Gpu("H200 SXM", "90", 132, 1.98e9, 4.8e12, "H200 data sheet"),
    Gpu("B200", "100", 148, 1.965e9, 8.0e12, "Blackwell technical brief"),
    Gpu("RTX 5090", "120", 170, 2.407e9, 1.792e12, "RTX Blackwell white paper"),
)


def rates(architecture: str) -> Rates:
    """Those of an architecture."""
    return RATES[architecture]
