"""JAX's setting that trades precision for speed, TensorFloat-32 or bfloat16, switched off."""

from __future__ import annotations

import contextlib
from typing import Any

import jax

__all__ = ["full_precision"]


def full_precision(device: Any) -> contextlib.AbstractContextManager[Any]:
    """Compute matrix products in the precision of their operands, on any device."""
    made: contextlib.AbstractContextManager[Any] = jax.default_matmul_precision("highest")
    return made
