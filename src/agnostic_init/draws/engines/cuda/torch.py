"""Filling torch's CUDA tensors, on their own device and torch's current stream.

The NVRTC that comes with torch compiles, and the driver launches; where that NVRTC is not found,
NVIDIA's cuda.core does both. With neither, the caller draws by torch's operations.
"""

from __future__ import annotations

import functools
import importlib
from typing import Any

import torch

from agnostic_init.bits.block import Block
from agnostic_init.bits.key import Key
from agnostic_init.draws.engines.cuda import parameters
from agnostic_init.draws.engines.cuda.errors import KernelError
from agnostic_init.draws.engines.cuda.source import Variant
from agnostic_init.draws.engines.cuda.switch import switched_on
from agnostic_init.draws.quantile import Central
from agnostic_init.draws.record import Draw

__all__ = ["available", "fill", "launcher", "supports"]

LAUNCHERS = ("through_torch", "nvidia")


@functools.cache
def launcher() -> Any:
    """The module that compiles and launches, or None."""
    if not torch.cuda.is_available() or torch.version.hip:
        return None
    for name in LAUNCHERS:
        module = importlib.import_module(f"agnostic_init.draws.engines.cuda.{name}")
        if module.usable():
            return module
    return None


def available() -> bool:
    """Whether torch finds a GPU of NVIDIA's, and something to compile kernels with."""
    return switched_on() and launcher() is not None


def supports(draw: Draw) -> bool:
    """Whether this engine makes such a draw here."""
    return parameters.supported(draw) and available()


def fill(draw: Draw, key: Key, block: Block, out: Any) -> None:
    """Write the block's values into a CUDA tensor of its shape, of any strides.

    Raises
    ------
    ParameterError
        If elements of `out` share their memory.
    KernelError
        If there is no compiler or no driver for the device; then nothing has been written.
    torch.OutOfMemoryError
        If the device has no room for the quantile's table; then nothing has been written either.
    """
    if out.is_conj() or out.is_neg():
        fresh = torch.empty(out.shape, dtype=out.dtype, device=out.device)
        fill(draw, key, block, fresh)
        with torch.no_grad():
            out.copy_(fresh)
        return
    plan = parameters.launch(draw, key, block, out.stride())
    if not plan.units:
        return
    index = out.device.index
    with torch.cuda.device(index):
        run = _kernel(plan.variant, index)
        entries = out if plan.quantile is None else _table(plan.table, plan.quantile, index)
        blocks = plan.blocks(torch.cuda.get_device_properties(index).multi_processor_count)
        try:
            run(blocks, out, entries, plan.words)
        except torch.OutOfMemoryError:
            raise
        except Exception as error:
            raise KernelError("Launching a CUDA kernel", error) from error
    if not out.is_inference():
        torch.autograd.graph.increment_version(out)


@functools.lru_cache(maxsize=64)
def _table(make: Any, q: Central, index: int) -> Any:
    # The copy has ended when this returns, so that the table may be read from any stream.
    return torch.from_numpy(make(q).view("int32").copy()).to(torch.device("cuda", index))


@functools.lru_cache(maxsize=1024)
def _kernel(variant: Variant, index: int) -> Any:
    module = launcher()
    if module is None:
        raise KernelError("Compiling a CUDA kernel", "there is nothing to compile it with")
    try:
        return module.kernel(variant, index, torch.cuda.get_device_capability(index))
    except torch.OutOfMemoryError:
        raise
    except Exception as error:
        raise KernelError("Compiling a CUDA kernel", error) from error
