"""Compiled kernels on disk, so that a process compiles only what none has compiled before."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

__all__ = ["cached", "folder"]

DIGEST_BYTES = 32


def folder() -> Path:
    """``AGNOSTIC_INIT_CACHE_DIR``, or ``agnostic_init`` in the user's folder for caches."""
    if chosen := os.environ.get("AGNOSTIC_INIT_CACHE_DIR"):
        return Path(chosen)
    base = os.environ.get("LOCALAPPDATA") or os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "agnostic_init"


def cached(key: tuple[str, ...], make: Callable[[], bytes]) -> bytes:
    """What `make` returns, from the disk if a process has made it before.

    A file that is damaged is made again, and a disk that cannot be written is done without.
    """
    name = hashlib.sha256("\0".join(key).encode()).hexdigest()
    try:
        path = folder() / f"{name}.cubin"
        stored = path.read_bytes()
    except (OSError, RuntimeError):  # RuntimeError: there is no home
        stored = b""
    content = stored[DIGEST_BYTES:]
    if stored and hashlib.sha256(content).digest() == stored[:DIGEST_BYTES]:
        return content
    content = make()
    _store(name, hashlib.sha256(content).digest() + content)
    return content


def _store(name: str, content: bytes) -> None:
    try:
        folder().mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=folder())
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(temporary).replace(folder() / f"{name}.cubin")
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise
    except (OSError, RuntimeError):
        return
