"""From a record to matrices, new or into arrays: the one way in, and the only file that knows which engine serves what.

The host's engine serves wherever the memory is the host's or the library takes what the host has
made, an assembly of few kernels the GPUs of torch and CuPy, a program of XLA where JAX computes,
and the reference in the library's own operations everywhere else.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Sequence
from typing import Any

from agnostic_init.arrays.library import Library
from agnostic_init.arrays.target import Target
from agnostic_init.bits.key import Key
from agnostic_init.linalg.engines import host
from agnostic_init.linalg.haar import Haar

__all__ = ["fill", "fill_several", "make", "make_several", "together"]

ON_GPUS = ("torch", "cupy")
IN_MEMORY = ("numpy", "torch")


def make(haar: Haar, key: Key, target: Target) -> Any:
    """New matrices of the target's library and device."""
    (made,) = make_several(haar, [key], target)
    return made


def fill(haar: Haar, key: Key, out: Any, library: Library) -> None:
    """The same matrices, into an array of the shape and dtype, of any strides.

    They are assembled in its own memory where the library has a way to. A caller who keeps the
    array tells the library that it was written.
    """
    fill_several(haar, [key], [out], library)


def together(haar: Haar, library: Library, device: Any) -> int:
    """How many equal matrices are best made in one call of `make_several` or `fill_several`.

    More than 1 for small matrices: on a GPU, one of them would leave most of it idle, and on a host
    all but one of the threads.

    Parameters
    ----------
    haar
        One of them.
    library
        The array library.
    device
        A device of that library.
    """
    if not haar.size:
        return 1
    if library.is_gpu(device):
        return int(_gpu().together(haar))
    in_memory = library.name in IN_MEMORY and str(device) in ("cpu", "None")
    return host.together(haar) if in_memory or library.takes_from_host(device) else 1


def make_several(haar: Haar, keys: Sequence[Key], target: Target) -> list[Any]:
    """New matrices, equal in all but their keys, each in memory of its own.

    On a host they are those of `make`; on a GPU equal to rounding, as products of a batch may add
    in another order.
    """
    library, device = target.library, target.device
    if library.lazy:
        return [_lazy(haar, key, target) for key in keys]
    if all(key.known for key in keys) and library.takes_from_host(device):
        made = host.new(haar, keys, library.alignment)
        return library.from_storages(made, [haar.dtype] * len(made), device)
    if library.name == "jax":
        return [_engine("jax").make(haar, key, target) for key in keys]
    if not library.writes:
        return [_reference().make(haar, key, library, device) for key in keys]
    outs = [library.empty(haar.shape, haar.dtype, device) for _ in keys]
    fill_several(haar, keys, outs, library)
    return outs


def fill_several(haar: Haar, keys: Sequence[Key], outs: Sequence[Any], library: Library) -> None:
    """The same matrices, into arrays of the shape and dtype, of any strides and on one device.

    On a GPU the normals of all and then the matrices of all are in one workspace, so `together`
    says how many there should be at most.
    """
    memories = [library.host_memory(out) for out in outs]
    found = [memory for memory in memories if memory is not None]
    if len(found) == len(memories):
        host.fill(haar, keys, found)
    elif library.name in ON_GPUS and library.is_gpu(outs[0].device) and _plain(outs, library):
        _gpu().fill_several(haar, keys, outs, library)
    else:
        for key, out, memory in zip(keys, outs, memories, strict=True):
            if memory is not None:
                host.fill(haar, [key], [memory])
            elif library.has_values(out) and haar.size:
                device = library.device_of(out)
                library.write(
                    out, _to_be_written(haar, key, out, Target(library, haar.dtype, device))
                )


def _plain(outs: Sequence[Any], library: Library) -> bool:
    """Whether kernels can write the arrays: they are whole, and have memory."""
    return all(
        library.has_values(out) and not library.takes_from_host(out.device, out) for out in outs
    ) and all(index is None for out in outs for _, index in library.parts(out))


def _to_be_written(haar: Haar, key: Key, out: Any, target: Target) -> Any:
    """What is written to an array that no engine writes in place."""
    library = target.library
    is_host = library.name == "numpy"  # and the bytes are in the order of other machines
    if key.known and (is_host or library.takes_from_host(target.device, out)):
        (made,) = host.new(haar, [key], library.alignment)
        return library.from_storage(made, haar.dtype, target.device)
    if any(index is not None for _, index in library.parts(out)):
        return make(haar, key, target)
    return _reference().make(haar, key, library, target.device)


def _lazy(haar: Haar, key: Key, target: Target) -> Any:
    """Matrices that are made stack by stack, when they are computed; none is ever cut."""
    library = target.library
    part = functools.partial(_part, haar, key, library)
    dtype = library.dtype(haar.dtype)
    return library.by_blocks(part, haar.shape, dtype, target.like, (haar, key), uncut=2)


def _part(haar: Haar, key: Key, library: Library, index: tuple[slice, ...]) -> Any:
    (made,) = host.new(haar.part(index[:-2]), [key])
    return library.from_storage(made, haar.dtype, None)


def _gpu() -> Any:
    return _engine("gpu")


def _reference() -> Any:
    return importlib.import_module("agnostic_init.linalg.reference")


def _engine(name: str) -> Any:
    return importlib.import_module(f"agnostic_init.linalg.engines.{name}")
