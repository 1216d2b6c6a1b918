"""Which executor serves which library: the only file that knows."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from agnostic_init.arrays.library import Library
from agnostic_init.arrays.target import Target
from agnostic_init.bits.key import Key
from agnostic_init.linalg import source
from agnostic_init.linalg.blocking import WORKSPACE
from agnostic_init.linalg.haar import Haar

__all__ = ["fill", "fill_several", "make", "make_several", "together"]

OF_LIBRARY = {"numpy": "numpy", "torch": "torch", "jax": "jax", "dask": "dask", "cupy": "cupy"}
OF_SEVERAL = ("numpy", "torch", "cupy")


def make(haar: Haar, key: Key, target: Target) -> Any:
    """New matrices of the target's library and device."""
    return _executor(target.library.name).make(haar, key, target)


def fill(haar: Haar, key: Key, out: Any, library: Library) -> None:
    """The same matrices, into an array of the shape and dtype, of any strides.

    They are assembled in its own memory where the library has a way to.
    """
    name = library.name
    if haar.compute == haar.dtype and name in ("torch", "cupy"):
        _executor(name).fill(haar, key, out, library)
    elif haar.compute == haar.dtype and name == "numpy" and out.dtype.isnative:
        _executor(name).fill(haar, key, out)
    else:
        target = Target(library, haar.dtype, library.device_of(out), out)
        library.write(out, make(haar, key, target))


def together(haar: Haar, library: Library, device: Any) -> int:
    """How many equal matrices are best made in one call of `make_several` or `fill_several`.

    More than 1 for small matrices on a GPU, which one of them would leave idle. On a host it is 1:
    nothing is gained there, and a matrix has the same last bits alone and in a model.

    Parameters
    ----------
    haar
        One of them.
    library
        The array library.
    device
        A device of that library.
    """
    if not haar.size or not library.is_gpu(device):
        return 1
    # In the workspace the matrices take as much as each of its two parts.
    return max(1, WORKSPACE // (2 * haar.size))


def make_several(haar: Haar, keys: Sequence[Key], target: Target) -> list[Any]:
    """New matrices, equal in all but their keys, each in memory of its own.

    Equal to those of `make` to rounding: products of a batch may add in another order.
    """
    library = target.library
    if library.name not in OF_SEVERAL:
        return [make(haar, key, target) for key in keys]
    dtype = library.dtype(haar.dtype)
    outs = [library.xp.empty(haar.shape, dtype=dtype, device=target.device) for _ in keys]
    fill_several(haar, keys, outs, library)
    return outs


def fill_several(haar: Haar, keys: Sequence[Key], outs: Sequence[Any], library: Library) -> None:
    """The same matrices, into arrays of the shape and dtype, of any strides and on one device.

    The normals of all and then the matrices of all are in one workspace, so `together` says how
    many there should be at most.
    """
    if library.name not in OF_SEVERAL or len(keys) < 2:
        for key, out in zip(keys, outs, strict=True):
            fill(haar, key, out, library)
        return
    group = replace(haar, batch=(len(keys), *haar.batch), dtype=haar.compute, stack=None)
    place = Target(library, haar.compute, library.device_of(outs[0]))
    into = source.into_of_keys(haar, keys, library)
    made = _executor(library.name).make_drawn(group, into, place)
    for out, one in zip(outs, made, strict=True):
        library.write(out, one)


@functools.cache
def _executor(name: str) -> Any:
    return importlib.import_module(
        f"agnostic_init.linalg.executors.{OF_LIBRARY.get(name, 'generic')}"
    )
