"""Compiled kernels on disk, so that a process compiles only what none has compiled before.

What lies there is run, so it is taken only from a folder, and a file, that nobody but the user can
write. The digest tells of damage, and is no protection.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import stat
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

from agnostic_init.arrays.errors import must

__all__ = ["cached", "folder"]

VARIABLE = "AGNOSTIC_INIT_CACHE_DIR"
DIGEST_BYTES = 32
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
ABANDONED = 3600.0  # seconds; a file that is still being written then is of a killed process


def folder() -> Path | None:
    """``AGNOSTIC_INIT_CACHE_DIR``, or ``agnostic_init`` in the user's folder for caches, if any.

    Raises
    ------
    ParameterError
        If the variable is no absolute path, and so would depend on where a program is run.
    """
    if chosen := os.environ.get(VARIABLE):
        if not Path(chosen).is_absolute():
            raise must(VARIABLE, "must be an absolute path", chosen)
        return Path(chosen).resolve()
    base = os.environ.get("LOCALAPPDATA" if os.name == "nt" else "XDG_CACHE_HOME", "")
    with contextlib.suppress(OSError, RuntimeError):  # RuntimeError: there is no home
        place = Path(base) if Path(base).is_absolute() else Path.home() / ".cache"
        return place.resolve() / "agnostic_init" if place.is_absolute() else None
    return None


def cached(key: tuple[str, ...], make: Callable[[], bytes]) -> bytes:
    """What `make` returns, from the disk if a process has made it before.

    A file that is damaged is made again, and a disk that cannot be written is done without. So is a
    folder that others can write, after a warning.
    """
    place = folder()
    if place is None or not _safe(place):
        return make()
    path = place / (hashlib.sha256("\0".join(key).encode()).hexdigest() + ".cubin")
    stored = _read(path)
    content = stored[DIGEST_BYTES:]
    if stored and hashlib.sha256(content).digest() == stored[:DIGEST_BYTES]:
        return content
    content = make()
    with contextlib.suppress(OSError):
        _store(path, hashlib.sha256(content).digest() + content)
    return content


def _safe(place: Path) -> bool:
    """Whether nobody else can write into a folder, which is made if there is none."""
    try:
        for missing in reversed([p for p in (place, *place.parents) if not p.exists()]):
            missing.mkdir(mode=0o700, exist_ok=True)
        found = place.lstat()
    except OSError:
        return False
    if not stat.S_ISDIR(found.st_mode):
        return False
    if _own(found):
        return True
    _warn(place)
    return False


def _own(found: os.stat_result) -> bool:
    """Whether a file or folder is the user's, who alone can write it."""
    # Windows has no such bits: what lies in the user's folders, the user alone can write.
    return os.name == "nt" or (found.st_uid == os.geteuid() and not found.st_mode & OTHERS_WRITE)


@functools.cache
def _warn(place: Path) -> None:
    warnings.warn(
        f"compiled kernels are not kept, and not taken from {place}, as others than you can write "
        f'there; try: chmod 700 "{place}" if it is yours, or {VARIABLE} for another folder',
        RuntimeWarning,
        stacklevel=2,
    )


def _read(path: Path) -> bytes:
    """The bytes of the user's own file; empty if there is none."""
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0)
    flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        with os.fdopen(os.open(path, flags), "rb") as file:
            found = os.fstat(file.fileno())
            return file.read() if stat.S_ISREG(found.st_mode) and _own(found) else b""
    except OSError:
        return b""


def _store(path: Path, content: bytes) -> None:
    """Write a file that appears whole or not at all."""
    for other in path.parent.glob("*.part"):
        with contextlib.suppress(OSError):  # another process has removed it
            if time.time() - other.stat().st_mtime > ABANDONED:
                other.unlink()
    handle, name = tempfile.mkstemp(suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
