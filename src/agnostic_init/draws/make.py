"""From a draw to an array, new or given: the one way in, and the only file that knows which engine serves what.

Values come from the host's engine wherever the memory is the host's or the library takes what the
host has made, from the CUDA kernels on the GPUs of torch and CuPy, from a program of XLA where JAX
computes, and from the reference in the library's own operations everywhere else.
"""

from __future__ import annotations

import functools
import importlib
import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from agnostic_init.arrays.library import Library
from agnostic_init.arrays.memory import Memory, empty
from agnostic_init.arrays.target import Target
from agnostic_init.bits.block import Block
from agnostic_init.bits.key import Key
from agnostic_init.draws.engines import host
from agnostic_init.draws.record import Draw

__all__ = [
    "fill",
    "fill_many",
    "fill_memory",
    "fill_on_gpu",
    "fill_runs",
    "in_float64",
    "make",
    "make_many",
]

#: The same values, into the memory that `Library.ready` or `Library.host_memory` tells of.
fill_memory = host.fill

CUDA = ("torch", "cupy")


def make(draw: Draw, key: Key, block: Block, target: Target) -> Any:
    """A new array of the block's shape."""
    library, device = target.library, target.device
    if library.lazy:
        chunk = functools.partial(_chunk, draw, key, block, library)
        dtype = library.dtype(target.dtype)
        return library.by_blocks(chunk, block.shape, dtype, target.like, (draw, key, block))
    if key.known and library.takes_from_host(device):
        if library.cuts(device):  # each of several devices, or processes, has its own part made

            def part(index: Any) -> Any:
                return host.new(draw, key, block.part(index), library.alignment)

            return library.from_parts(part, block.shape, draw.dtype, device)
        made = host.new(draw, key, block, library.alignment)
        return library.from_storage(made, draw.dtype, device)
    if library.name == "jax":
        return _engine("jax").make(draw, key, block, target)
    if not library.writes:
        return _engine("generic").compute(draw, key, block, library, device)
    out = library.empty(block.shape, draw.dtype, device)
    fill(draw, key, block, out, library)
    return out


def fill(draw: Draw, key: Key, block: Block, out: Any, library: Library) -> None:
    """The same values, into an array that exists, of the block's shape and any strides.

    A caller who keeps the array tells the library that it was written.
    """
    memory = library.host_memory(out)
    if memory is not None:
        host.fill(draw, key, block, memory)
    elif (cuda := _cuda(draw, library, out)) is not None:
        cuda.fill(draw, key, block, out)
    elif not library.has_values(out):
        return
    elif library.takes_from_host(out.device, out):
        storage = host.new(draw, key, block, library.alignment)
        library.write(out, library.from_storage(storage, draw.dtype, out.device))
    else:
        with library.on(library.device_of(out)):
            _engine("generic").fill(draw, key, block, out, library)


def make_many(jobs: Sequence[tuple[Draw, Key, Block, Target]]) -> list[Any]:
    """As `make`, for many arrays at once."""
    made: list[Any] = [None] * len(jobs)
    storages, outs, places = [], [], []
    for _, run in itertools.groupby(range(len(jobs)), lambda n: _place(jobs[n][3])):
        numbers = list(run)
        library, device = jobs[numbers[0]][3].library, jobs[numbers[0]][3].device
        from_host = not library.lazy and library.takes_from_host(device)
        held = {}
        for n in numbers:
            draw, key, block, target = jobs[n]
            if library.lazy or not key.known:
                made[n] = make(draw, key, block, target)
            elif from_host:
                held[n] = empty(block.shape, draw.format.storage, library.alignment)
                storages.append((draw, key, block, Memory.of_numpy(held[n])))
            elif library.writes and library.name != "jax":
                made[n] = library.empty(block.shape, draw.dtype, device)
                outs.append((draw, key, block, made[n], library, None))
            else:
                made[n] = make(draw, key, block, target)
        places.append((library, device, held))
    host.fill_many(storages)
    fill_many(outs)
    for library, device, held in places:
        dtypes = [jobs[n][0].dtype for n in held]
        arrays = library.from_storages(list(held.values()), dtypes, device)
        for n, array in zip(held, arrays, strict=True):
            made[n] = array
    return made


def fill_many(
    jobs: Iterable[tuple[Draw, Key, Block, Any, Library, Memory | None]],
) -> None:
    """As `fill`, for many arrays at once: few calls of the host's engine, few launches on a GPU.

    Parameters
    ----------
    jobs
        What `fill` takes, and the array's `Library.host_memory`, where that is known already.
    """
    on_host: list[host.Job] = []
    on_gpu: dict[Any, list[Any]] = {}
    for draw, key, block, out, library, known in jobs:
        memory = library.host_memory(out) if known is None else known
        if memory is not None:
            on_host.append((draw, key, block, memory))
        elif (cuda := _cuda(draw, library, out)) is not None:
            on_gpu.setdefault(cuda, []).append((draw, key, block, out))
        else:
            fill(draw, key, block, out, library)
    host.fill_many(on_host)
    for cuda, group in on_gpu.items():
        cuda.fill_many(group)


def fill_on_gpu(draw: Draw, key: Key, block: Block, out: Any, library: Library) -> bool:
    """As `fill`, of an array that `Library.all_on_gpu` tells of; False where no engine does it."""
    module = _engine(f"cuda.{library.name}")
    if not module.supports(draw):
        return False
    module.fill(draw, key, block, out)
    return True


def fill_runs(
    library: Library,
    device: Any,
    draws: Sequence[Draw],
    sizes: Sequence[int],
    which: Any,
    addresses: Any,
    keys: Any,
) -> bool:
    """Fill whole arrays of a GPU that are runs of memory, apart from each other, by thousands.

    Parameters
    ----------
    library, device
        Of all of the arrays.
    draws, sizes
        Of each kind of array, and how many elements it has.
    which, addresses, keys
        Of each array: the number of its kind, where it is, and its seed and offset; of NumPy's.

    Returns
    -------
    bool
        False if there is no engine that does; then nothing has been written.
    """
    if library.name != "torch":
        return False
    module = _engine("cuda.torch")
    if not all(map(module.supports, draws)):
        return False
    done: bool = module.fill_runs(device.index, draws, sizes, which, addresses, keys)
    return done


def in_float64(library: Library, function: Callable[[Any], Any], array: Any) -> Any:
    """A function of an array in float32, as float32; in a program of JAX's computed in float64, where that is."""
    return _engine("jax").in_float64(function, array) if library.name == "jax" else function(array)


def _place(target: Target) -> tuple[int, int]:
    """What arrays have in common that are made in one place."""
    return id(target.library), id(target.device)


def _cuda(draw: Draw, library: Library, out: Any) -> Any:
    """The module of the CUDA kernels for an array, if they make the draw."""
    if library.name not in CUDA or "cuda" not in str(out.device).lower():
        return None
    if not library.has_values(out) or library.takes_from_host(out.device, out):
        return None
    module = _engine(f"cuda.{library.name}")
    return module if module.supports(draw) else None


def _chunk(draw: Draw, key: Key, whole: Block, library: Library, index: tuple[slice, ...]) -> Any:
    """A chunk of a lazy array, of its place in the whole."""
    storage = host.new(draw, key, whole.part(index))
    return library.from_storage(storage, draw.dtype, None)


@functools.cache
def _engine(name: str) -> Any:
    return importlib.import_module(f"agnostic_init.draws.engines.{name}")
