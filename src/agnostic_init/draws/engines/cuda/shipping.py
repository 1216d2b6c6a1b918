"""Compile the kernels that most models need, for most GPUs: ``python -m agnostic_init.draws.engines.cuda.shipping``.

They go into ``cubins/`` beside this file, from where a wheel takes them. It takes some minutes, needs no GPU, and makes
the same bytes wherever NVRTC has the same version, which ``pip install --group cubins`` pins: a cubin of an older one is
taken by more drivers.
"""

from __future__ import annotations

import ctypes
import importlib.util
import sys
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from agnostic_init.draws.distributions import normal_draw, truncated_normal_draw, uniform_draw
from agnostic_init.draws.engines.cuda.shared import most_words, room
from agnostic_init.draws.engines.cuda.shipped import ENTRY, FOLDER, HEAD, MAGIC, digest, of_one_run
from agnostic_init.draws.engines.cuda.source import STANDARD, Variant, source

__all__ = [
    "ARCHITECTURES",
    "DTYPES",
    "compiled",
    "compiler",
    "files",
    "main",
    "packed",
    "variants",
]

ARCHITECTURES = ("sm_80", "sm_86", "sm_89", "sm_90", "sm_100", "sm_120")
DTYPES = ("float32", "bfloat16", "float16")
# Some that are powers of two, and some that are not: which bounds have to be looked at depends on it.
SCALES = (1.0, 0.5, 0.3, 0.02, 0.0408)
NEWEST = (13, 0)  # of CUDA, that decides how many arguments a launch takes


def variants() -> list[Variant]:
    """Uniforms on [0, 1) and (-a, a), normals of mean 0, and those within 2 sigmas; alone and many at once."""
    found: dict[Variant, None] = {}
    for dtype in DTYPES:
        for scale in SCALES:
            draws = (
                uniform_draw(0.0, 1.0, dtype),
                uniform_draw(-scale, scale, dtype),
                normal_draw(0.0, scale, dtype),
                truncated_normal_draw(0.0, scale, -2.0, 2.0, "sigma", "parent", dtype),
            )
            for draw in draws:
                one = of_one_run(draw)
                many = most_words(room((8, 0), NEWEST))
                found |= dict.fromkeys((one, replace(one, many=many)))
    return list(found)


def packed(texts: Iterable[str], cubins: Iterable[bytes]) -> bytes:
    """The file of an architecture."""
    rows, parts = [], [zlib.compress(cubin, 9) for cubin in cubins]
    start = HEAD.size + ENTRY.size * len(parts)
    for text, part in zip(texts, parts, strict=True):
        rows.append(ENTRY.pack(digest(text), start, len(part)))
        start += len(part)
    return b"".join((HEAD.pack(MAGIC, len(parts)), *rows, *parts))


def compiler() -> Path:
    """NVRTC's library among the installed packages of NVIDIA's.

    Raises
    ------
    FileNotFoundError
        If there is none.
    """
    spec = importlib.util.find_spec("nvidia")
    places = list(spec.submodule_search_locations or ()) if spec else []
    names = ("nvrtc64_*_0.dll",) if sys.platform == "win32" else ("libnvrtc.so.*",)
    # That of the pinned package before any other.
    found = sorted(each for place in places for name in names for each in Path(place).rglob(name))
    found.sort(key=lambda each: "cuda_nvrtc" not in each.parts)
    if not found:
        message = "no NVRTC is installed; try: pip install --group cubins"
        raise FileNotFoundError(message)
    return found[0]


def compiled(library: Path, arch: str, text: str) -> bytes:
    """The cubin of a text."""
    nvrtc = ctypes.CDLL(str(library))
    program, flags = ctypes.c_void_p(), [f"-arch={arch}".encode(), f"-std={STANDARD}".encode()]

    def call(name: str, *given: Any) -> None:
        if status := getattr(nvrtc, name)(*given):
            message = f"{name} for {arch}: error {status}"
            raise RuntimeError(message)

    def read(what: str) -> bytes:
        size = ctypes.c_size_t()
        call(f"nvrtcGet{what}Size", program, ctypes.byref(size))
        content = ctypes.create_string_buffer(size.value)
        call(f"nvrtcGet{what}", program, content)
        return content.raw

    call("nvrtcCreateProgram", ctypes.byref(program), text.encode(), b"stream.cu", 0, None, None)
    try:
        call("nvrtcCompileProgram", program, len(flags), (ctypes.c_char_p * len(flags))(*flags))
        return read("CUBIN")
    except RuntimeError as error:
        error.add_note(read("ProgramLog").rstrip(b"\0").decode(errors="replace"))
        raise
    finally:
        nvrtc.nvrtcDestroyProgram(ctypes.byref(program))


def files() -> Iterator[tuple[str, bytes]]:
    """The name and the content of each file."""
    library, texts = compiler(), [source(variant) for variant in variants()]
    # A process each, as NVRTC compiles one at a time.
    with ProcessPoolExecutor() as pool:
        for arch in ARCHITECTURES:
            cubins = pool.map(partial(compiled, library, arch), texts)
            yield f"{arch}.bin", packed(texts, cubins)


def main() -> None:
    """Write the files."""
    FOLDER.mkdir(exist_ok=True)
    for name, content in files():
        (FOLDER / name).write_bytes(content)


if __name__ == "__main__":
    main()
