"""CuPy: few kernels in the current stream of the array's device, none of which is waited for."""

from __future__ import annotations

from typing import Any

import cupy

from agnostic_init.arrays.libraries.cupy_precision import full_precision
from agnostic_init.arrays.library import Library
from agnostic_init.arrays.target import Target
from agnostic_init.bits.key import Key
from agnostic_init.linalg import source
from agnostic_init.linalg.executors.numpy_like import Operations
from agnostic_init.linalg.haar import Haar
from agnostic_init.linalg.on_device import fill_on_device

__all__ = ["fill", "make", "make_drawn"]


def make(haar: Haar, key: Key, target: Target) -> Any:
    """New matrices."""
    made = make_drawn(haar, source.into_of_key(haar, key, target.library), target)
    return made if haar.compute == haar.dtype else target.library.cast(made, haar.dtype)


def make_drawn(haar: Haar, draw: source.Into, target: Target) -> Any:
    """New matrices of the dtype that is computed in, of normals that something else draws."""
    library = target.library
    out = library.xp.empty(haar.shape, dtype=library.dtype(haar.compute), device=target.device)
    _fill(haar, draw, out)
    return out


def fill(haar: Haar, key: Key, out: Any, library: Library) -> None:
    """Write into an array of the dtype that is computed in, of any strides."""
    _fill(haar, source.into_of_key(haar, key, library), out)


def _fill(haar: Haar, draw: source.Into, out: Any) -> None:
    with out.device, full_precision(out.device):
        fill_on_device(Operations(cupy, out.dtype), haar, draw, out)
