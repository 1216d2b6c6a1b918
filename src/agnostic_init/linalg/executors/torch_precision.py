"""torch's settings that trade precision for speed, switched off for a while."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch

__all__ = ["full_precision"]


@contextlib.contextmanager
def full_precision(device: Any) -> Iterator[None]:
    """Compute matrix products in the precision of their operands, and restore what was set."""
    with torch.autocast(device.type, enabled=False), contextlib.ExitStack() as stack:
        if torch.get_float32_matmul_precision() != "highest":
            stack.callback(torch.set_float32_matmul_precision, torch.get_float32_matmul_precision())
            torch.set_float32_matmul_precision("highest")
        yield
