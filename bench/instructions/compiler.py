"""NVRTC and nvdisasm, which need no GPU: a kernel's text -> cubin -> SASS."""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "NeededError",
    "Resources",
    "compiled",
    "disassembled",
    "nvdisasm",
    "resources",
    "tools_forgotten",
    "version",
]

HINT = 'try: pip install "nvidia-cuda-nvrtc>=13" "nvidia-cuda-nvdisasm>=13"'


class NeededError(RuntimeError):
    """NVRTC or nvdisasm is not there."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is needed to look into the kernels, and was not found; {HINT}")


SIZED, REGISTER_COUNT = 4, 0x2F  # of the attributes of a cubin


@dataclass(frozen=True)
class Resources:
    """What a block of the kernel holds: registers of a thread, bytes of static shared memory."""

    registers: int
    shared: int


def compiled(text: str, architecture: str, options: Iterable[str] = ()) -> bytes:
    """The cubin of a source for ``sm_<architecture>``."""
    library = _nvrtc()
    program = ctypes.c_void_p()
    _check(
        library,
        library.nvrtcCreateProgram(
            ctypes.byref(program), text.encode(), b"stream.cu", 0, None, None
        ),
    )
    flags = [f"-arch=sm_{architecture}".encode(), *(option.encode() for option in options)]
    try:
        status = library.nvrtcCompileProgram(
            program, len(flags), (ctypes.c_char_p * len(flags))(*flags)
        )
        if status:
            log = _bytes(library, "ProgramLog", program).rstrip(b"\0").decode(errors="replace")
            msg = f"NVRTC failed for sm_{architecture}: {log}"
            raise RuntimeError(msg)
        return _bytes(library, "CUBIN", program)
    finally:
        library.nvrtcDestroyProgram(ctypes.byref(program))


def disassembled(cubin: bytes) -> str:
    """The SASS of a cubin."""
    tool = nvdisasm()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "kernel.cubin")
        path.write_bytes(cubin)
        done = subprocess.run([tool, "-c", path], capture_output=True, text=True, check=False)
    if done.returncode:
        msg = f"nvdisasm failed: {done.stderr.strip()}"
        raise RuntimeError(msg)
    return done.stdout


def resources(cubin: bytes) -> Resources:
    """Registers and shared memory, from the sections of the ELF file."""
    (start,) = struct.unpack_from("<Q", cubin, 0x28)
    size, count, names = struct.unpack_from("<HHH", cubin, 0x3A)
    sections = [struct.unpack_from("<IIQQQQ", cubin, start + n * size) for n in range(count)]
    registers = shared = 0
    for name, _, _, _, place, length in sections:
        title = cubin[sections[names][4] + name :].split(b"\0", 1)[0]
        if title == b".nv.info":
            registers = _registers(cubin[place : place + length])
        if title == b".nv.shared.fill":
            shared = length
    return Resources(registers, shared)


def version() -> str:
    """NVRTC's version."""
    major, minor = ctypes.c_int(), ctypes.c_int()
    _nvrtc().nvrtcVersion(ctypes.byref(major), ctypes.byref(minor))
    return f"{major.value}.{minor.value}"


@functools.cache
def nvdisasm() -> str:
    """Where nvdisasm is."""
    for path in (*_packaged("bin/nvdisasm"), *_packaged("bin/**/nvdisasm.exe")):
        return str(path)
    if found := shutil.which("nvdisasm"):
        return found
    raise NeededError("nvdisasm")


def tools_forgotten() -> None:
    """Look for the tools anew."""
    nvdisasm.cache_clear()
    _nvrtc.cache_clear()


@functools.cache
def _nvrtc() -> ctypes.CDLL:
    found = [*_packaged("lib/libnvrtc.so.*"), *_packaged("bin/**/nvrtc64_*_0.dll")]
    for name in (*found, "libnvrtc.so", "libnvrtc.so.13", "libnvrtc.so.12"):
        try:
            return ctypes.CDLL(str(name))
        except OSError:
            continue
    raise NeededError("NVRTC")


def _packaged(pattern: str) -> list[Path]:
    """Files of NVIDIA's packages on PyPI, in which CUDA 13 has a folder, and each part of 12 one."""
    spec = importlib.util.find_spec("nvidia")
    places = spec.submodule_search_locations if spec else None
    return [path for place in places or () for path in sorted(Path(place).glob(f"*/{pattern}"))]


def _registers(info: bytes) -> int:
    """The most that a function takes, of the attributes: format, name, size, symbol, value."""
    most = place = 0
    while place + 4 <= len(info):
        form, attribute, size = struct.unpack_from("<BBH", info, place)
        if (form, attribute) == (SIZED, REGISTER_COUNT):
            most = max(most, struct.unpack_from("<I", info, place + 8)[0])
        place += 4 + (size if form == SIZED else 0)
    return most


def _bytes(library: ctypes.CDLL, what: str, program: ctypes.c_void_p) -> bytes:
    size = ctypes.c_size_t()
    _check(library, getattr(library, f"nvrtcGet{what}Size")(program, ctypes.byref(size)))
    content = ctypes.create_string_buffer(size.value)
    _check(library, getattr(library, f"nvrtcGet{what}")(program, content))
    return content.raw


def _check(library: ctypes.CDLL, status: int) -> None:
    if status:
        library.nvrtcGetErrorString.restype = ctypes.c_char_p
        raise RuntimeError(library.nvrtcGetErrorString(status).decode())
