"""NVRTC and nvdisasm, which need no GPU: a kernel's text -> cubin -> SASS."""

from __future__ import annotations

import functools
import importlib
import shutil
import struct
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = [
    "NeededError",
    "Resources",
    "compiled",
    "disassembled",
    "nvdisasm",
    "resources",
    "version",
]

HINT = "try: pip install --group sass"


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


def compiled(text: str, architecture: str) -> bytes:
    """The cubin of a kernel's text for ``sm_<architecture>``, as torch's engine compiles it."""
    cubin: bytes = _program().compiled(text, f"sm_{architecture}")
    return cubin


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
    return "{}.{}".format(*_program().version())


@functools.cache
def nvdisasm() -> str:
    """Where nvdisasm is."""
    try:
        found = importlib.import_module("cuda.pathfinder").find_nvidia_binary_utility("nvdisasm")
    except ImportError:
        found = None
    if path := found or shutil.which("nvdisasm"):
        return str(path)
    raise NeededError("nvdisasm")


def _program() -> Any:
    """What the engine for torch compiles with."""
    try:
        program = importlib.import_module("agnostic_init.draws.engines.cuda.program")
        program.version()
    except (ImportError, RuntimeError):
        raise NeededError("NVRTC") from None
    return program


def _registers(info: bytes) -> int:
    """The most that a function takes, of the attributes: format, name, size, symbol, value."""
    most = place = 0
    while place + 4 <= len(info):
        form, attribute, size = struct.unpack_from("<BBH", info, place)
        if (form, attribute) == (SIZED, REGISTER_COUNT):
            most = max(most, struct.unpack_from("<I", info, place + 8)[0])
        place += 4 + (size if form == SIZED else 0)
    return most
