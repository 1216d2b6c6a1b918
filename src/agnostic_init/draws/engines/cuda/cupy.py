"""Filling CuPy arrays, on their own device and the current stream.

CuPy keeps the compiled kernels in its own cache on disk.
"""

from __future__ import annotations

import functools
from typing import Any

import cupy
import numpy as np

from agnostic_init.arrays.errors import must
from agnostic_init.bits.block import Block
from agnostic_init.bits.key import Key
from agnostic_init.draws.engines.cuda import parameters
from agnostic_init.draws.engines.cuda.errors import KernelError
from agnostic_init.draws.engines.cuda.source import STANDARD, Variant, source
from agnostic_init.draws.engines.cuda.switch import switched_on
from agnostic_init.draws.quantile import Central
from agnostic_init.draws.record import Draw

__all__ = ["available", "device_table", "fill", "kernel", "supports"]

OPTIONS = (f"-std={STANDARD}",)


@functools.cache
def _nvidia() -> bool:
    return bool(cupy.cuda.is_available()) and not cupy.cuda.runtime.is_hip


def available() -> bool:
    """Whether CuPy finds a GPU of NVIDIA's."""
    return switched_on() and _nvidia()


def supports(draw: Draw) -> bool:
    """Whether this engine makes such a draw here."""
    return parameters.supported(draw) and available()


def fill(draw: Draw, key: Key, block: Block, out: Any) -> None:
    """Write the block's values into an array of its shape, of any strides.

    Raises
    ------
    ParameterError
        If elements of `out` share their memory.
    KernelError
        If there is no compiler or no driver for the device; then nothing has been written.
    cupy.cuda.memory.OutOfMemoryError
        If the device has no room for the quantile's table; then nothing has been written either.
    """
    size = out.dtype.itemsize
    if any(step % size for step in out.strides):
        raise must("out", "must have strides that are multiples of its item size", out.strides)
    plan = parameters.launch(draw, key, block, [step // size for step in out.strides])
    if not plan.units:
        return
    with out.device as device:
        run = kernel(plan.variant, device.id)
        entries = np.uint64(0) if plan.quantile is None else device_table(plan.table, plan.quantile)
        arguments = (np.uint64(out.data.ptr), entries, *np.asarray(plan.words, dtype=np.uint32))
        blocks = plan.blocks(device.attributes["MultiProcessorCount"])
        try:
            run((blocks,), (plan.variant.threads,), arguments)
        except MemoryError:
            raise
        except Exception as error:
            raise KernelError("Launching a CUDA kernel", error) from error


def device_table(make: Any, q: Central) -> Any:
    """The quantile's table on the current device."""
    return _table_on(make, q, cupy.cuda.Device().id)


@functools.lru_cache(maxsize=64)
def _table_on(make: Any, q: Central, device: int) -> Any:
    with cupy.cuda.Device(device):
        entries = cupy.asarray(make(q))  # no device: the one of the line above
        # It will be read from any stream.
        cupy.cuda.get_current_stream().synchronize()
    return entries


@functools.lru_cache(maxsize=1024)
def kernel(variant: Variant, device: int) -> Any:
    """The compiled kernel of a device, to be called as a `cupy.RawKernel`."""
    try:
        with cupy.cuda.Device(device):
            return cupy.RawModule(code=source(variant), options=OPTIONS).get_function("fill")
    except MemoryError:
        raise
    except Exception as error:
        raise KernelError("Compiling a CUDA kernel", error) from error
