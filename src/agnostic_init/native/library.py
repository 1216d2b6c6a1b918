"""Finding and loading the compiled library."""

from __future__ import annotations

import ctypes
import functools
from pathlib import Path
from typing import Any

__all__ = ["ABI", "library"]

ABI = 1  # of native.h
FILES = ("_native.so", "_native.dylib", "_native.dll")


@functools.cache
def library() -> Any:
    """The library, or None where there is none that can be used."""
    path = next((path for name in FILES if (path := Path(__file__).with_name(name)).exists()), None)
    if path is None:
        return None
    try:
        loaded = ctypes.CDLL(str(path))
        found = loaded.agnostic_init_abi()
    except (OSError, AttributeError):
        return None
    return loaded if found == ABI else None
