"""NVIDIA's runtime compiler through ctypes: a source to a cubin. It needs no GPU."""

from __future__ import annotations

import ctypes
import functools
import importlib.util
from collections.abc import Iterable
from pathlib import Path

__all__ = ["compiled", "library", "packaged", "version"]

NAMES = ("libnvrtc.so.{major}", "nvrtc64_{major}0_0.dll")
NEWEST, OLDEST = 13, 12


@functools.cache
def library(major: str = "") -> ctypes.CDLL:
    """NVRTC of this major version of CUDA, or of the newest that is found.

    Raises
    ------
    OSError
        If there is none.
    """
    majors = (major,) if major else tuple(map(str, range(NEWEST, OLDEST - 1, -1)))
    for number in majors:
        for name in (pattern.format(major=number) for pattern in NAMES):
            # As the process finds it: loaded already, or on the system's path.
            for candidate in (name, *packaged(f"**/{name}")):
                try:
                    return ctypes.CDLL(str(candidate))
                except OSError:
                    continue
    msg = f"there is no NVRTC of CUDA {' or '.join(majors)}"
    raise OSError(msg)


def version(major: str = "") -> str:
    """Major and minor version."""
    first, second = ctypes.c_int(), ctypes.c_int()
    nvrtc = library(major)
    _check(nvrtc, nvrtc.nvrtcVersion(ctypes.byref(first), ctypes.byref(second)))
    return f"{first.value}.{second.value}"


def compiled(text: str, arch: str, options: Iterable[str], major: str = "") -> bytes:
    """The cubin of a source for an architecture such as ``sm_90``."""
    nvrtc = library(major)
    flags = [flag.encode() for flag in (f"-arch={arch}", *options)]
    program = ctypes.c_void_p()
    source = (text.encode(), b"stream.cu", 0, None, None)
    _check(nvrtc, nvrtc.nvrtcCreateProgram(ctypes.byref(program), *source))
    try:
        array = (ctypes.c_char_p * len(flags))(*flags)
        status = nvrtc.nvrtcCompileProgram(program, len(flags), array)
        if status:
            log = _content(nvrtc, "ProgramLog", program).rstrip(b"\0").decode(errors="replace")
            msg = f"{_name(nvrtc, status)} for {arch} {log}".rstrip()
            raise RuntimeError(msg)
        return _content(nvrtc, "CUBIN", program)
    finally:
        nvrtc.nvrtcDestroyProgram(ctypes.byref(program))


def packaged(pattern: str) -> list[Path]:
    """Files of NVIDIA's packages on PyPI."""
    spec = importlib.util.find_spec("nvidia")
    places = (spec.submodule_search_locations if spec else None) or ()
    return [path for place in places for path in sorted(Path(place).glob(pattern))]


def _content(nvrtc: ctypes.CDLL, what: str, program: ctypes.c_void_p) -> bytes:
    size = ctypes.c_size_t()
    _check(nvrtc, getattr(nvrtc, f"nvrtcGet{what}Size")(program, ctypes.byref(size)))
    content = ctypes.create_string_buffer(size.value)
    _check(nvrtc, getattr(nvrtc, f"nvrtcGet{what}")(program, content))
    return content.raw


def _check(nvrtc: ctypes.CDLL, status: int) -> None:
    if status:
        raise RuntimeError(_name(nvrtc, status))


def _name(nvrtc: ctypes.CDLL, status: int) -> str:
    nvrtc.nvrtcGetErrorString.restype = ctypes.c_char_p
    name: bytes = nvrtc.nvrtcGetErrorString(status)
    return name.decode()
