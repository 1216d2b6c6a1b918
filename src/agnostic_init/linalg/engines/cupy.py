"""CuPy: few kernels in the current stream of the array's device, none of which is waited for."""

from __future__ import annotations

from typing import Any

import cupy

from agnostic_init.linalg.engines import gpu
from agnostic_init.linalg.engines.cupy_operations import Operations
from agnostic_init.linalg.haar import Haar

__all__ = ["fill"]


def fill(haar: Haar, draw: gpu.DrawInto, out: Any) -> None:
    """Write into an array of the dtype that is computed in, of any strides."""
    with out.device:
        gpu.assemble(Operations(cupy, out.dtype), haar, draw, out)
