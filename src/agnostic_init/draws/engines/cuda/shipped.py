"""Kernels that were compiled when the package was built, and lie in ``cubins/``, if any do.

`shipping` makes them. They are taken by what they were made of, so that one of another text is never run.
"""

from __future__ import annotations

import functools
import hashlib
import struct
import zlib
from collections.abc import Set as AbstractSet
from pathlib import Path

from agnostic_init.bits.block import block
from agnostic_init.draws.engines.cuda.parameters import planned
from agnostic_init.draws.engines.cuda.source import Variant, source
from agnostic_init.draws.record import Draw

__all__ = [
    "ENTRY",
    "FOLDER",
    "HEAD",
    "MAGIC",
    "architecture",
    "digest",
    "of_one_run",
    "shipped",
    "ships",
]

FOLDER = Path(__file__).with_name("cubins")
MAGIC = b"agnostic_init cubins 1\n\0"
# A file of an architecture: this, its number of kernels, a row for each, and what is compressed.
HEAD = struct.Struct(f"<{len(MAGIC)}sI")
DIGEST_BYTES = 16
ENTRY = struct.Struct(f"<{DIGEST_BYTES}sII")  # of the text, where it begins, and how many bytes


def shipped(text: str, arch: str) -> bytes | None:
    """The cubin of a text for an architecture such as ``sm_90``, or None to have it compiled.

    A file that is damaged is as one that is not there.
    """
    place = _places(FOLDER, arch).get(digest(text))
    if place is None:
        return None
    start, size = place
    try:
        with (FOLDER / f"{arch}.bin").open("rb") as file:
            file.seek(start)
            return zlib.decompress(file.read(size))
    except (OSError, zlib.error):
        return None


def ships(draw: Draw, architectures: AbstractSet[str]) -> bool:
    """Whether the kernel for an array in one run is shipped for all of some architectures."""
    return bool(architectures) and all(
        _ships(FOLDER, of_one_run(draw), each) for each in architectures
    )


def of_one_run(draw: Draw) -> Variant:
    """The kernel that fills an array whose elements lie as their positions do."""
    return planned(draw, block((1024,)), (1,)).variant


def architecture(capability: tuple[int, int]) -> str:
    """The name of a device's, such as ``sm_90``."""
    return "sm_{}{}".format(*capability)


@functools.cache
def _ships(folder: Path, variant: Variant, arch: str) -> bool:
    places = _places(folder, arch)
    return bool(places) and digest(source(variant)) in places


def digest(text: str) -> bytes:
    """What a kernel is found by."""
    return hashlib.sha256(text.encode()).digest()[:DIGEST_BYTES]


@functools.cache
def _places(folder: Path, arch: str) -> dict[bytes, tuple[int, int]]:
    """Where the kernels of an architecture lie in its file."""
    try:
        with (folder / f"{arch}.bin").open("rb") as file:
            magic, count = HEAD.unpack(file.read(HEAD.size))
            if magic != MAGIC:
                return {}
            table = file.read(count * ENTRY.size)
            return {found: (start, size) for found, start, size in ENTRY.iter_unpack(table)}
    except (OSError, struct.error):
        return {}
