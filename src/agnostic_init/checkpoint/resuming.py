"""A file that outlives the process that wrote a part of it, for the next one to go on with."""

from __future__ import annotations

import contextlib
import errno
import glob
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from agnostic_init.checkpoint.atomic import (
    appear,
    lock,
    name_of_parts,
    naming,
    sync_folder,
    take_over,
)

__all__ = ["finished", "is_finished", "resumed"]

SUFFIX = ".resume"


@contextmanager
def resumed(
    path: Path, prefix: bytes, size: int, *, replace: bool = False
) -> Iterator[tuple[BinaryIO, int]]:
    """Open a file beside `path` that takes its place when all went well, and is kept otherwise.

    It is known by the header that it begins with, so that only what the same plan has written is
    gone on with. As it is written from its beginning to its end, its length says how much is
    there; what a power failure has taken, no length says.

    Parameters
    ----------
    path
        Of the file.
    prefix
        The header.
    size
        Of the whole, in bytes.
    replace
        As of `appearing`.

    Yields
    ------
    file, int
        The file, and how many bytes of it are written.

    Raises
    ------
    OSError
        If another process is writing it, or the disk has no room for the rest.
    """
    part = _part(path, prefix)
    _remove_others(path, part)
    descriptor = _opened(part)
    with os.fdopen(descriptor, "r+b") as file:
        have = file.seek(0, os.SEEK_END)
        file.seek(0)
        if have > size or file.read(len(prefix)) != prefix:
            file.truncate(0)
            have = 0
        if shutil.disk_usage(path.parent).free < size - have:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        with naming(path):
            yield file, have
            file.flush()
            if replace:
                take_over(descriptor, path)
            os.fsync(descriptor)
        if os.name == "posix":  # elsewhere an open file cannot be renamed
            appear(part, path, replace=replace)
    if os.name != "posix":
        appear(part, path, replace=replace)
    sync_folder(path.parent)


def is_finished(path: Path, prefix: bytes, size: int) -> bool:
    """Whether a file is there that begins with this header and has this size."""
    if not path.is_file() or path.stat().st_size != size:
        return False
    with path.open("rb") as file:
        return file.read(len(prefix)) == prefix


@contextmanager
def finished(path: Path, prefix: bytes, size: int) -> Iterator[tuple[BinaryIO, int]]:
    """As `resumed`, for a file that has its name: the process was ended before others had theirs."""
    with path.open("rb") as file:
        yield file, size
    _part(path, prefix).unlink(missing_ok=True)  # it may have had two names


def _part(path: Path, prefix: bytes) -> Path:
    name = hashlib.blake2b(prefix, digest_size=8).hexdigest()
    return path.with_name(f"{name_of_parts(path)}{name}{SUFFIX}")


def _opened(part: Path) -> int:
    """The file, open and locked."""
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
    while True:
        descriptor = os.open(part, flags, 0o666)
        if not lock(descriptor):
            os.close(descriptor)
            raise OSError(errno.EBUSY, "another process is writing it", str(part))
        with suppress(OSError):
            if os.path.samestat(os.fstat(descriptor), part.stat()):
                return descriptor
        os.close(descriptor)  # it has become what it was to become, between these lines


def _remove_others(path: Path, part: Path) -> None:
    """Remove what other plans have left for the same file, unless it is being written."""
    pattern = glob.escape(str(path.with_name(name_of_parts(path)))) + "[0-9a-f]" * 16 + SUFFIX
    for name in glob.glob(pattern):  # noqa: PTH207 - a Path's own takes no escaped folder
        if Path(name) != part:
            with suppress(OSError), contextlib.ExitStack() as stack:
                descriptor = os.open(name, os.O_RDWR)
                stack.callback(os.close, descriptor)
                if lock(descriptor):
                    os.unlink(name)  # noqa: PTH108
