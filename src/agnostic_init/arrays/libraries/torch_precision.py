"""torch's settings that trade precision for speed, switched off for a while."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch

__all__ = ["full_precision"]

FULL = ("ieee", "none")


@contextlib.contextmanager
def full_precision(device: Any) -> Iterator[None]:
    """Compute matrix products in the precision of their operands, and restore what was set."""
    backends = torch.backends
    kind = "cpu" if device.type == "meta" else device.type
    with _without_autocast(kind), contextlib.ExitStack() as stack:
        if hasattr(backends.cuda.matmul, "fp32_precision"):
            for place in (backends.cuda.matmul, backends.mkldnn.matmul):
                if place.fp32_precision not in FULL:
                    stack.callback(_restore, place, place.fp32_precision)
                    place.fp32_precision = "ieee"
        elif torch.get_float32_matmul_precision() != "highest":  # torch before 2.9
            stack.callback(torch.set_float32_matmul_precision, torch.get_float32_matmul_precision())
            torch.set_float32_matmul_precision("highest")
        yield


def _without_autocast(kind: str) -> contextlib.AbstractContextManager[Any]:
    """A context without automatic casts, at no cost where there are none."""
    if not torch.is_autocast_enabled(kind):
        return contextlib.nullcontext()
    made: contextlib.AbstractContextManager[Any] = torch.autocast(kind, enabled=False)
    return made


def _restore(place: Any, value: str) -> None:
    """As inherited, where that gives the value, so that a later change of the parent is seen."""
    place.fp32_precision = "none"
    if place.fp32_precision != value:
        place.fp32_precision = value
