"""Matrix products in full precision, whatever a library was told to do for speed."""

from __future__ import annotations

import contextlib
import importlib
from typing import Any

from agnostic_init.arrays.library import Library

__all__ = ["full_precision"]

CAN_REDUCE = ("cupy", "jax", "torch")


def full_precision(library: Library, device: Any) -> contextlib.AbstractContextManager[Any]:
    """A context in which float32 products are products of float32; what was set is restored."""
    if library.name not in CAN_REDUCE:
        return contextlib.nullcontext()
    module = importlib.import_module(f"agnostic_init.linalg.executors.{library.name}_precision")
    made: contextlib.AbstractContextManager[Any] = module.full_precision(device)
    return made
