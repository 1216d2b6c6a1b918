"""Which executor serves which library: the only file that knows."""

from __future__ import annotations

import functools
import importlib
from typing import Any

from agnostic_init.arrays.target import Target
from agnostic_init.bits.key import Key
from agnostic_init.linalg.haar import Haar

__all__ = ["fill", "make"]

OF_LIBRARY = {"numpy": "numpy", "torch": "torch", "jax": "jax", "dask": "dask", "cupy": "cupy"}


def make(haar: Haar, key: Key, target: Target) -> Any:
    """New matrices of the target's library and device."""
    return _executor(target.library.name).make(haar, key, target)


def fill(haar: Haar, key: Key, out: Any, library: Any) -> None:
    """The same matrices, into an array of the shape and dtype, of any strides.

    They are assembled in its own memory where the library has a way to.
    """
    name = library.name
    if haar.compute == haar.dtype and name == "torch":
        _executor(name).fill(haar, key, out, library)
    elif haar.compute == haar.dtype and name == "numpy" and out.dtype.isnative:
        _executor(name).fill(haar, key, out)
    else:
        target = Target(library, haar.dtype, library.device_of(out), out)
        library.write(out, make(haar, key, target))


@functools.cache
def _executor(name: str) -> Any:
    return importlib.import_module(
        f"agnostic_init.linalg.executors.{OF_LIBRARY.get(name, 'generic')}"
    )
