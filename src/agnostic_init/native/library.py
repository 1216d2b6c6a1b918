"""The compiled library for host memory: finding it, loading it once, and saying why there is none."""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import inspect
import os
import struct
import sys
import warnings
from _thread import allocate_lock  # without `threading`, which NumPy does not import
from typing import Any

from agnostic_init.arrays.errors import must
from agnostic_init.arrays.values import Record

__all__ = ["ABI", "ENGINE", "INSTRUCTIONS", "Native", "library", "look"]

ABI = 8  # of native.h and matrices.h
ENTRIES = (  # all that is called, besides the one that says the ABI
    *("agnostic_init_has", "agnostic_init_use", "agnostic_init_instructions"),
    "agnostic_init_record_size",
    *("agnostic_init_fill", "agnostic_init_from_words", "agnostic_init_xla"),
    *("agnostic_init_fingerprint", "agnostic_init_fold"),
    *("agnostic_init_make_matrices", "agnostic_init_make_matrix", "agnostic_init_matrix_steps"),
)
SIZES = (104, 24, 160, 200)  # bytes of a draw, an axis, a job and matrices, as Python packs them
INSTRUCTIONS = ("portable", "avx2", "avx512")  # numbered as in native.h

ENGINE = "AGNOSTIC_INIT_ENGINE"
ENGINES = ("auto", "native", "numpy")
FORCED = "AGNOSTIC_INIT_INSTRUCTIONS"

# Without pathlib, which NumPy does not import, and which takes longer than to load the library.
FOLDER = os.path.dirname(__file__)
ENDING = {"win32": "dll", "darwin": "dylib"}.get(sys.platform, "so")
FILE = f"_native.{ENDING}"
MISSING = "missing.txt"  # what hatch_build.py leaves where it could not make the library

WITHIN = (__name__.partition(".")[0], "torch", "contextlib")  # whose frames are no user's

AGAIN = "pip with --force-reinstall --no-deps --no-cache-dir"
COMPILE = f"install it again from its source, where there is a C++ compiler, by {AGAIN}"
REPLACE = f"install it again, by {AGAIN}"


class Native(Record):
    """The library, or why NumPy serves in its place."""

    library: ctypes.CDLL | None
    """None where there is none, or it is not wanted."""
    path: str
    """The library's file, or where it would be."""
    available: tuple[str, ...] = ()
    """The instruction sets that this build and this processor have."""
    reason: str = ""
    """Why it is not used, or not as was asked; empty if all is well."""
    hint: str = ""
    """What mends that."""
    fault: bool = False
    """Whether this is to be warned of: nobody asked for it, and it is not how it was installed."""

    @property
    def instructions(self) -> str:
        """The instruction set in use; empty where there is no library."""
        return INSTRUCTIONS[self.library.agnostic_init_instructions()] if self.library else ""


class _State:
    """What has been found, and whether its fault has been told."""

    found: Native | None = None
    told = False
    lock = allocate_lock()


def library() -> Any:
    """The library, loaded by ctypes when it is first asked for; None where NumPy serves instead.

    A fault is warned of once. A library that was never there is none: `look` tells of it.

    Raises
    ------
    ImportError
        If `AGNOSTIC_INIT_ENGINE` is `native`, and there is no library.
    """
    found = _State.found or look()
    if found.reason:
        _tell(found)
    return found.library


def look() -> Native:
    """What `library` finds, in silence. The environment is read once."""
    with _State.lock:
        if _State.found is None:
            _State.found = _look()
        return _State.found


def _tell(found: Native) -> None:
    message = f"{found.reason}; try: {found.hint}"
    if os.environ.get(ENGINE) == "native":
        message = f"{ENGINE}=native: {message}"
        raise ImportError(message)
    if found.fault and not _State.told:
        _State.told = True
        warnings.warn(message, RuntimeWarning, stacklevel=_level_of_the_user())


def _level_of_the_user() -> int:
    """The stack level of whoever called this package, as `_tell` counts them."""
    frame, level = inspect.currentframe(), 0
    while frame is not None and frame.f_back is not None:
        if frame.f_globals.get("__name__", "").partition(".")[0] not in WITHIN:
            break
        frame, level = frame.f_back, level + 1
    return level


def _look() -> Native:
    engine = os.environ.get(ENGINE) or "auto"
    forced = os.environ.get(FORCED) or None
    if engine not in ENGINES:
        raise must(ENGINE, f"must be one of {', '.join(ENGINES)}", engine)
    if forced is not None and forced not in INSTRUCTIONS:
        raise must(FORCED, f"must be one of {', '.join(INSTRUCTIONS)}", forced)
    path = os.path.join(FOLDER, FILE)
    if engine == "numpy":
        return Native(None, path, reason=f"{ENGINE} is numpy", hint=f"unset {ENGINE}")
    if (file := _file()) is None:
        reason = f"the native library is not installed, NumPy does its work: {_why_missing()}"
        return Native(None, path, reason=reason, hint=COMPILE)
    return _open(file, forced)


def _file() -> str | None:
    """The library's file; of a package in an archive, a copy that lasts as long as the process."""
    beside = os.path.join(FOLDER, FILE)
    if os.path.exists(beside):  # a folder of that name too, which is to be told of
        return beside
    from importlib import resources

    with contextlib.suppress(OSError):  # of an archive that has gone
        packed = resources.files(__package__).joinpath(FILE)
        if packed.is_file():
            copies = contextlib.ExitStack()
            atexit.register(_close, copies)
            return str(copies.enter_context(resources.as_file(packed)))
    return None


def _close(copies: contextlib.ExitStack) -> None:
    with contextlib.suppress(OSError):  # Windows removes no library in use
        copies.close()


def _why_missing() -> str:
    from importlib import resources

    try:
        text = resources.files(__package__).joinpath(MISSING).read_text("utf-8")
    except OSError:
        return f"there is no {FILE} beside its module"
    return text.strip()


def _open(path: str, forced: str | None) -> Native:
    """Load a file, which may be anything."""

    def useless(why: str) -> Native:
        reason = f"the native library cannot be used, NumPy does its work: {path} {why}"
        return Native(None, path, reason=reason, hint=REPLACE, fault=True)

    try:
        if _cut_short(path):
            return useless("is damaged: cut short")
        library = ctypes.CDLL(path)
        abi = library.agnostic_init_abi()
        if abi == ABI:
            for entry in ENTRIES:
                getattr(library, entry)
    except OSError as error:
        return useless(f"is damaged, or of another platform ({error})")
    except AttributeError:
        return useless("is another library")
    if abi != ABI:
        return useless(f"is of another version of agnostic_init: its interface is {abi}, not {ABI}")
    if (sizes := tuple(map(library.agnostic_init_record_size, range(len(SIZES))))) != SIZES:
        return useless(f"was built otherwise: its records have {sizes} bytes, not {SIZES}")
    numbers = [n for n in range(len(INSTRUCTIONS)) if library.agnostic_init_has(n)]
    available = tuple(INSTRUCTIONS[n] for n in numbers)
    if forced is None or library.agnostic_init_use(INSTRUCTIONS.index(forced)) == 0:
        return Native(library, path, available)
    reason = f"{FORCED} is {forced}, which this build or this processor has not"
    hint = f"one of {', '.join(available)}"
    return Native(library, path, available, reason, hint, fault=True)


def _cut_short(path: str) -> bool:
    """Whether an ELF file ends before what is to be mapped of it, which is a crash to read."""
    with open(path, "rb") as file:
        head = file.read(4096)
        size = file.seek(0, os.SEEK_END)
    if len(head) < 64 or head[:6] != b"\x7fELF\x02\x01":
        return False  # the loader looks well at those
    (table,) = struct.unpack_from("<Q", head, 32)
    length, count = struct.unpack_from("<HH", head, 54)
    for start in range(table, min(table + count * length, len(head) - 40), length or 1):
        kind, offset, stored = struct.unpack_from("<I4xQ16xQ", head, start)
        if kind == 1 and offset + stored > size:
            return True
    return False
