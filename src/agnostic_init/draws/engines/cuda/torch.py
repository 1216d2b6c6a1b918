"""Filling torch's CUDA tensors, on their own device and torch's current stream."""

from __future__ import annotations

import contextlib
import functools
import warnings
from collections.abc import Sequence
from typing import Any

import torch

from agnostic_init.arrays.target import backend
from agnostic_init.bits.block import Block
from agnostic_init.bits.key import Key
from agnostic_init.draws.engines import generic
from agnostic_init.draws.engines.cuda import driver, parameters, runs
from agnostic_init.draws.engines.cuda.errors import KernelError, saying
from agnostic_init.draws.engines.cuda.many import launches
from agnostic_init.draws.engines.cuda.parameters import Launch
from agnostic_init.draws.engines.cuda.shared import room
from agnostic_init.draws.engines.cuda.shipped import architecture, shipped, ships
from agnostic_init.draws.engines.cuda.source import Variant, source
from agnostic_init.draws.engines.cuda.switch import switched_on
from agnostic_init.draws.record import Central, Draw

__all__ = ["available", "fill", "fill_many", "fill_runs", "program", "supports"]

Job = tuple[Draw, Key, Block, Any]


@functools.cache
def program() -> Any:
    """The module that compiles and launches, or None, which is warned of where there is a GPU."""
    if not torch.cuda.is_available() or torch.version.hip:
        return None
    try:
        from agnostic_init.draws.engines.cuda import program as found

        found.version()
    except (ImportError, RuntimeError) as error:
        major = str(torch.version.cuda).partition(".")[0]
        warnings.warn(
            f"numbers on this GPU are drawn by torch's own operations, which is slow, as there is "
            f'no compiler for the CUDA kernel ({error}); try: pip install "cuda-bindings=={major}.*", '
            f"or AGNOSTIC_INIT_CUDA=0 if that is what you want",
            RuntimeWarning,
            stacklevel=2,
        )
        return None
    return found


def available() -> bool:
    """Whether torch finds a GPU of NVIDIA's, and there is something to compile kernels with."""
    return switched_on() and program() is not None


def supports(draw: Draw) -> bool:
    """Whether this engine makes such a draw here.

    Where its kernel is shipped no compiler is looked for, which would take longer than the fill.
    """
    if not parameters.supported(draw) or not switched_on():
        return False
    return _ships(draw) or available()


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
    if not _negated(out):
        _fill([(draw, key, block, out)])
        return
    fresh = torch.empty(out.shape, dtype=out.dtype, device=out.device)
    _fill([(draw, key, block, fresh)])
    with torch.no_grad():
        out.copy_(fresh)


def fill_many(jobs: Sequence[Job]) -> None:
    """The same for many tensors, of any devices, in few launches.

    What is not one run of memory, or is large, has a launch of its own. Nothing waits for a device.

    Raises
    ------
    ParameterError, KernelError, torch.OutOfMemoryError
        As `fill`, and before anything is written on the device in question, but for what a driver
        refuses to launch.
    """
    if any(_negated(out) for *_, out in jobs):
        for job in jobs:
            fill(*job)
    else:
        _fill(jobs)


def _negated(out: Any) -> bool:
    """Whether the memory holds the conjugate of what is seen, or its negative."""
    return bool(out.is_conj() or out.is_neg())


def _fill(jobs: Sequence[Job]) -> None:
    """Fill tensors of any devices, device by device."""
    devices: dict[int, list[Job]] = {}
    for job in jobs:
        devices.setdefault(job[3].device.index, []).append(job)
    for index, group in devices.items():
        if index == torch.cuda.current_device():
            _fill_on(index, group)
        else:
            with torch.cuda.device(index):
                _fill_on(index, group)


def _fill_on(index: int, jobs: Sequence[Job]) -> None:
    """Fill tensors of the current device."""
    placed = [(draw, key, block, out.stride(), out.data_ptr()) for draw, key, block, out in jobs]
    plans = launches(placed, lambda: _room(index, _all_shipped(jobs)))
    try:
        kernels = [_kernel(plan.variant, index) for plan in plans]
    except KernelError:
        if not _all_shipped(jobs) or program() is not None:
            raise
        # That of an array which is one run is shipped; no other is, and none can be compiled.
        for draw, key, block, out in jobs:
            generic.fill(draw, key, block, out, backend("torch"))
        return
    _launch(index, kernels, plans)
    for *_, out in jobs:
        if not out.is_inference():
            torch.autograd.graph.increment_version(out)


def fill_runs(
    index: int, draws: Sequence[Draw], sizes: Sequence[int], which: Any, addresses: Any, keys: Any
) -> bool:
    """Fill whole tensors of a device, contiguous and apart, as `runs.launches` takes them.

    Returns
    -------
    bool
        False where a kernel can be neither taken nor compiled; then nothing has been written. The
        caller tells torch of what was.
    """
    with torch.cuda.device(index):
        whole = all(map(_ships, draws))
        plans = runs.launches(draws, sizes, which, addresses, keys, lambda: _room(index, whole))
        try:
            kernels = [_kernel(plan.variant, index) for plan in plans]
        except KernelError:
            return False  # for `fill_many`, which has the words, or another way
        _launch(index, kernels, plans)
    return True


def _launch(index: int, kernels: Sequence[Any], plans: Sequence[Launch]) -> None:
    """Launch what is compiled, on the current device."""
    ready = []
    for run, plan in zip(kernels, plans, strict=True):
        entries = plan.quantile and _table(plan.table, plan.quantile, index).data_ptr()
        ready.append((run, plan, plan.arguments(entries or 0)))
    if not ready:
        return
    processors = _processors(index)
    stream = _stream(index)
    with saying("Launching a CUDA kernel"):
        for run, plan, arguments in ready:
            run(plan.blocks(processors), plan.variant.threads, stream, arguments)


def _stream(index: int) -> int:
    """The handle of a device's current stream, without an object for it where torch tells it so."""
    tell = getattr(torch._C, "_cuda_getCurrentRawStream", None)  # noqa: SLF001 - as Triton asks
    found: int = torch.cuda.current_stream(index).cuda_stream if tell is None else tell(index)
    return found


@functools.cache
def _room(index: int, whole: bool) -> int:
    """Bytes of arguments; if the whole of the launches is of shipped kernels, nothing is compiled."""
    with saying("Compiling a CUDA kernel"):
        compilers = [] if whole else [_needed().version()]
        return room(torch.cuda.get_device_capability(index), driver.version(), *compilers)


def _all_shipped(jobs: Sequence[Job]) -> bool:
    return all(_ships(draw) for draw, *_ in jobs)


@functools.lru_cache(maxsize=1024)
def _ships(draw: Draw) -> bool:
    return ships(draw, _architectures())


@functools.cache
def _architectures() -> frozenset[str]:
    """Of all devices of NVIDIA's."""
    if not torch.cuda.is_available() or torch.version.hip:
        return frozenset()
    devices = range(torch.cuda.device_count())
    return frozenset(architecture(torch.cuda.get_device_capability(n)) for n in devices)


@functools.cache
def _processors(index: int) -> int:
    found: int = torch.cuda.get_device_properties(index).multi_processor_count
    return found


@functools.cache
def _table(make: Any, q: Central, index: int) -> Any:
    # The copy has ended when this returns, so that the table may be read from any stream.
    return torch.from_numpy(make(q).view("int32").copy()).to(torch.device("cuda", index))


@functools.cache
def _kernel(variant: Variant, index: int) -> Any:
    text, capability = source(variant), torch.cuda.get_device_capability(index)
    if cubin := shipped(text, architecture(capability)):
        with contextlib.suppress(RuntimeError):  # of a driver that is too old for it
            return driver.Kernel(cubin, index)
    with saying("Compiling a CUDA kernel"):
        return _needed().function(text, index, capability)


def _needed() -> Any:
    found = program()
    if found is None:
        msg = "there is nothing to compile it with"
        raise RuntimeError(msg)
    return found
