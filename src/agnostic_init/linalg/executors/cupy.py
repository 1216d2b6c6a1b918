"""CuPy: the reference on the target's device, without TensorFloat-32."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import cupy
from cupy._core import _routines_linalg

from agnostic_init.arrays.target import Target
from agnostic_init.bits.key import Key
from agnostic_init.linalg.executors import generic
from agnostic_init.linalg.haar import Haar

__all__ = ["make"]

MOST = 512


def make(haar: Haar, key: Key, target: Target) -> Any:
    """New matrices."""
    with target.device or cupy.cuda.Device(), _full_precision():
        return generic.make(haar, key, target, MOST)


@contextlib.contextmanager
def _full_precision() -> Iterator[None]:
    """CuPy's setting for float32 products, which `CUPY_TF32` turns on, set to float32 for a while."""
    before = _routines_linalg.get_compute_type("float32")
    _routines_linalg.set_compute_type("float32", _routines_linalg.COMPUTE_TYPE_FP32)
    try:
        yield
    finally:
        _routines_linalg.set_compute_type("float32", before)
