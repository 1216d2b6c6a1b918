"""CuPy's setting that trades precision for speed, TensorFloat-32, switched off for a while."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from cupy._core import _routines_linalg

__all__ = ["full_precision"]


@contextlib.contextmanager
def full_precision(device: Any) -> Iterator[None]:
    """Compute products of float32 in float32, whatever `CUPY_TF32` says, and restore what was set."""
    before = _routines_linalg.get_compute_type("float32")
    _routines_linalg.set_compute_type("float32", _routines_linalg.COMPUTE_TYPE_FP32)
    try:
        yield
    finally:
        _routines_linalg.set_compute_type("float32", before)
