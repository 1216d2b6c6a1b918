"""A file that appears whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

__all__ = ["appearing"]


@contextmanager
def appearing(path: Path, size: int) -> Iterator[BinaryIO]:
    """Open a new file beside `path`, of `size` bytes, that takes its place when all went well.

    On any exception, an interrupt among them, the new file is removed and `path` is untouched.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        # Inside, as a signal may be handled as soon as the file is there.
        descriptor = os.open(temporary, flags, 0o666)
        with os.fdopen(descriptor, "r+b") as file:
            _allocate(descriptor, size, path)
            yield file
            file.flush()
            os.fsync(descriptor)
        temporary.replace(path)
    except FileExistsError:  # it is somebody else's
        raise
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(path.parent)


def _allocate(descriptor: int, size: int, path: Path) -> None:
    """Take the room on the disk now: writing to mapped memory without it would kill the process."""
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(descriptor, 0, size)
        else:
            os.truncate(descriptor, size)
    except OverflowError:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path)) from None
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None


def _sync_folder(folder: Path) -> None:
    """Make the new name last through a power failure, where the system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
