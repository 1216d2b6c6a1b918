"""Filling CuPy arrays, on their own device and the current stream.

CuPy keeps the compiled kernels in its own cache on disk.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Sequence
from typing import Any

import cupy
import numpy as np

from agnostic_init.arrays.errors import must
from agnostic_init.bits.block import Block
from agnostic_init.bits.key import Key
from agnostic_init.draws.engines.cuda import parameters
from agnostic_init.draws.engines.cuda.errors import saying
from agnostic_init.draws.engines.cuda.many import launches
from agnostic_init.draws.engines.cuda.shared import room
from agnostic_init.draws.engines.cuda.shipped import shipped, ships
from agnostic_init.draws.engines.cuda.source import STANDARD, Variant, source
from agnostic_init.draws.engines.cuda.switch import switched_on
from agnostic_init.draws.record import Central, Draw

__all__ = ["available", "device_table", "fill", "fill_many", "kernel", "supports"]

Job = tuple[Draw, Key, Block, Any]

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
    fill_many([(draw, key, block, out)])


def fill_many(jobs: Sequence[Job]) -> None:
    """The same for many arrays, of any devices, in few launches.

    What is not one run of memory, or is large, has a launch of its own. Nothing waits for a device.

    Raises
    ------
    ParameterError, KernelError, cupy.cuda.memory.OutOfMemoryError
        As `fill`, and before anything is written on the device in question, but for what a driver
        refuses to launch.
    """
    devices: dict[int, list[Job]] = {}
    for job in jobs:
        out = job[3]
        if any(step % out.itemsize for step in out.strides):
            raise must("out", "must have strides that are multiples of its item size", out.strides)
        devices.setdefault(out.device.id, []).append(job)
    for group in devices.values():
        with group[0][3].device as device:
            _fill_on(device, group)


def _fill_on(device: Any, jobs: Sequence[Job]) -> None:
    """Fill arrays of the current device."""
    placed = [
        (draw, key, block, tuple(step // out.itemsize for step in out.strides), out.data.ptr)
        for draw, key, block, out in jobs
    ]
    ready = []

    def most() -> int:
        here = {_architecture(device)}
        return _room(device.id, all(ships(draw, here) for draw, *_ in jobs))

    for plan in launches(placed, most):
        run = kernel(plan.variant, device.id)
        entries = plan.quantile and device_table(plan.table, plan.quantile).data.ptr
        ready.append((run, plan, plan.arguments(entries or 0)))
    with saying("Launching a CUDA kernel"):
        for run, plan, given in ready:
            blocks = plan.blocks(device.attributes["MultiProcessorCount"])
            # An array of one element is passed by value.
            run((blocks,), (plan.variant.threads,), (np.frombuffer(given, f"V{len(given)}"),))


@functools.cache
def _room(device: int, whole: bool) -> int:
    """Bytes of arguments; if the whole of the launches is of shipped kernels, nothing is compiled."""
    with saying("Compiling a CUDA kernel"):
        number = cupy.cuda.runtime.driverGetVersion()
        driver = number // 1000, number % 1000 // 10
        compilers = [] if whole else [cupy.cuda.nvrtc.getVersion()]
        text = cupy.cuda.Device(device).compute_capability  # such as "90"
        return room((int(text[:-1]), int(text[-1])), driver, *compilers)


def _architecture(device: Any) -> str:
    return f"sm_{device.compute_capability}"


def device_table(make: Any, q: Central) -> Any:
    """The quantile's table on the current device."""
    return _table_on(make, q, cupy.cuda.Device().id)


@functools.cache
def _table_on(make: Any, q: Central, device: int) -> Any:
    with cupy.cuda.Device(device):
        entries = cupy.asarray(make(q))  # no device: the one of the line above
        # It will be read from any stream.
        cupy.cuda.get_current_stream().synchronize()
    return entries


@functools.cache
def kernel(variant: Variant, device: int) -> Any:
    """The kernel of a device, shipped or compiled, to be called as a `cupy.RawKernel`."""
    text = source(variant)
    with saying("Compiling a CUDA kernel"), cupy.cuda.Device(device) as current:
        if cubin := shipped(text, _architecture(current)):
            module = cupy.cuda.Module()
            with contextlib.suppress(RuntimeError):  # of a driver that is too old for it
                module.load(cubin)
                return module.get_function("fill")
        return cupy.RawModule(code=text, options=OPTIONS).get_function("fill")
