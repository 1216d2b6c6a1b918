"""Which engine of agnostic_init runs in this process."""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["engine"]


def engine(library: str) -> str:
    """The engine that serves arrays of a library on the host, with its instruction set."""
    import agnostic_init as ai

    tell: Any = getattr(ai, "info", None)
    if tell is None:
        return "numba" if "numba" in sys.modules else "numpy"
    about = tell()
    return " ".join(filter(None, (about["engine"], about["instructions"])))
