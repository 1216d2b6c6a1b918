"""What a run was made on: processor, memory, device, versions, commit."""

from __future__ import annotations

import contextlib
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

from bench.memory import field

__all__ = ["commit", "describe", "load", "usable_cores"]

ROOT = Path(__file__).parents[1]


def usable_cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def load() -> float | None:
    """The machine's load over the last minute: whether others were at work on it."""
    with contextlib.suppress(OSError, AttributeError):
        return round(os.getloadavg()[0], 2)
    return None


def describe(label: str = "") -> dict[str, Any]:
    """The machine, without the accelerator and the libraries, which the workers know."""
    total = None
    with contextlib.suppress(OSError):
        total = field(Path("/proc/meminfo"), "MemTotal")
    return {
        "label": label,
        "processor": _processor(),
        "architecture": platform.machine(),
        "cores": usable_cores(),
        "memory_bytes": total,
        "system": platform.system(),
        "python": platform.python_version(),
        "commit": commit(),
    }


def _processor() -> str:
    with contextlib.suppress(OSError):
        found: dict[str, str] = {}
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            key, _, value = line.partition(":")
            found.setdefault(key.strip(), value.strip())
        if name := found.get("model name"):
            family, model = found.get("cpu family", "?"), found.get("model", "?")
            return f"{name} (family {family}, model {model})"
    return platform.processor() or platform.machine()


def commit() -> str:
    """The commit, with a mark where the package or the benchmarks differ from it.

    Where files were copied without their history, or beside an older one, ``BENCH_COMMIT`` says it.
    """
    if known := os.environ.get("BENCH_COMMIT"):
        return known
    git = ["git", "-C", str(ROOT)]
    try:
        commit = subprocess.run(
            [*git, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=True
        ).stdout.strip()
        changed = subprocess.run(
            [*git, "status", "--porcelain", "--", "src", "bench/*.py"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{commit}, changed" if changed else commit
