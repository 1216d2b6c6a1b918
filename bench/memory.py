"""The peak of a process's memory, and how much of the machine's is free."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys
from pathlib import Path

__all__ = ["available", "field", "peak", "settle"]


def settle() -> int:
    """Give freed memory back to the system, forget the peak so far, and say what is in use."""
    gc.collect()
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL("libc.so.6").malloc_trim(0)
        with contextlib.suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
            return _status("VmRSS")
    # Where the peak cannot be forgotten, what follows counts only above the highest so far.
    return peak()


def peak() -> int:
    """The highest memory in use since the last `settle`, in bytes."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            return _status("VmHWM")
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def available() -> int | None:
    """The machine's free memory in bytes, where the system says it."""
    with contextlib.suppress(OSError):
        return field(Path("/proc/meminfo"), "MemAvailable")
    return None


def _status(name: str) -> int:
    return field(Path("/proc/self/status"), name)


def field(path: Path, name: str) -> int:
    """A size that a file of the system names in kB, in bytes."""
    for line in path.read_text(encoding="ascii", errors="replace").splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0]) * 1024
    msg = f"{path} has no {name}"
    raise OSError(msg)
