"""A file that appears whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

__all__ = [
    "appear",
    "appearing",
    "lock",
    "name_of_parts",
    "naming",
    "sync_folder",
    "take_over",
]

SUFFIX = ".part"
LONGEST = 200  # bytes of a name, which most systems limit to 255, of which what is added is a part


@contextmanager
def appearing(
    path: Path,
    size: int,
    *,
    replace: bool = False,
    before: Callable[[], object] = lambda: None,
) -> Iterator[BinaryIO]:
    """Open a new file beside `path`, of `size` bytes, that takes its place when all went well.

    On any exception, an interrupt among them, the new file is removed and `path` is untouched.
    Files that processes which were killed have left beside `path` are removed first.

    Parameters
    ----------
    path
        Of the file.
    size
        In bytes.
    replace
        Whether the new file takes the place of one that is there, with its owner and permissions.
        Otherwise a file that has come to be there in the meantime is a `FileExistsError`.
    before
        Called when all is written, just before the file appears, which it prevents by raising.
    """
    _remove_leftovers(path)
    temporary = path.with_name(f"{name_of_parts(path)}{secrets.token_hex(4)}{SUFFIX}")
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        # Inside, as a signal may be handled as soon as the file is there.
        descriptor = os.open(temporary, flags, 0o666)
        while not (lock(descriptor) and temporary.exists()):
            # Taken for a leftover by another writer, between these two lines.
            os.close(descriptor)
            temporary.unlink(missing_ok=True)
            descriptor = os.open(temporary, flags, 0o666)
        with os.fdopen(descriptor, "r+b") as file:
            _allocate(descriptor, size, path)
            with naming(path):
                yield file
                file.flush()
                if replace:
                    take_over(descriptor, path)
                os.fsync(descriptor)
            if os.name == "posix":  # elsewhere an open file cannot be renamed
                before()
                appear(temporary, path, replace=replace)
        if os.name != "posix":
            before()
            appear(temporary, path, replace=replace)
    except BaseException as error:
        somebody_elses = isinstance(error, FileExistsError) and error.filename == str(temporary)
        with suppress(OSError):
            if not somebody_elses:
                temporary.unlink()
        raise
    sync_folder(path.parent)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Name the file in errors of the system that name none, as that of a disk which is full now."""
    try:
        yield
    except OSError as error:
        if error.errno is None or error.filename is not None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def name_of_parts(path: Path) -> str:
    """How the names of all files begin that are to become `path`."""
    return "." + os.fsdecode(os.fsencode(path.name)[:LONGEST]) + "."


def appear(temporary: Path, path: Path, *, replace: bool) -> None:
    """Give a file its name, which another has already only if it is to be replaced."""
    if replace:
        temporary.replace(path)
        return
    try:
        # Unlike a rename, a link never takes the place of a file.
        os.link(temporary, path)
    except FileExistsError:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
    except OSError:  # a system without links
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL))
        except FileExistsError as error:
            raise FileExistsError(error.errno, error.strerror, str(path)) from None
        temporary.replace(path)
    else:
        temporary.unlink()


def take_over(descriptor: int, path: Path) -> None:
    """Give the new file the owner and the permissions of the one that it will replace."""
    if os.name != "posix":
        return
    try:
        old = path.stat()
    except FileNotFoundError:
        return
    new = os.fstat(descriptor)
    if (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
        with suppress(PermissionError):  # only root may give files away; what it may read, it keeps
            os.fchown(descriptor, old.st_uid, old.st_gid)
    os.fchmod(descriptor, old.st_mode & 0o7777)


def lock(descriptor: int) -> bool:
    """Mark an open file as being written, for as long as this process lives and has it open."""
    try:
        import fcntl
    except ImportError:  # where an open file cannot be removed in any case
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True


def _remove_leftovers(path: Path) -> None:
    """Remove what processes have left that were killed while they wrote the same file."""
    pattern = glob.escape(str(path.with_name(name_of_parts(path)))) + "[0-9a-f]" * 8 + SUFFIX
    for name in glob.glob(pattern):  # noqa: PTH207 - a Path's own takes no escaped folder
        with suppress(OSError), contextlib.ExitStack() as stack:
            descriptor = os.open(name, os.O_RDWR)
            stack.callback(os.close, descriptor)
            if lock(descriptor):
                os.unlink(name)  # noqa: PTH108


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


def sync_folder(folder: Path) -> None:
    """Make the new name last through a power failure, where the system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
