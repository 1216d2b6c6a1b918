"""Several files with an index: which tensors are in which, and what they are called."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from agnostic_init.arrays.errors import must, must_be_type
from agnostic_init.arrays.numbers import as_integer
from agnostic_init.models.entry import Entry
from agnostic_init.storage.checkpoint import INDEX

__all__ = ["as_bytes", "cut", "index_of", "names_of_shards"]

UNITS = {"": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
UNITS |= {"KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30, "TIB": 1 << 40}
SIZE = re.compile(r"([0-9]{1,18})\s*([KMGT]I?B|B?)", re.IGNORECASE)
MOST = 99_999  # files, whose numbers have five digits


def as_bytes(size: Any) -> int:
    """A size in bytes, of an integer or a text.

    Examples
    --------
    >>> as_bytes("5GB"), as_bytes("2 GiB"), as_bytes(300)
    (5000000000, 2147483648, 300)
    """
    number = as_integer(size)
    if number is None:
        if not isinstance(size, str):
            raise must_be_type("max_shard_size", "must be a number of bytes", size, "'5GB'")
        found = SIZE.fullmatch(size.strip())
        if not found:
            raise must("max_shard_size", "must be a number of bytes", size, "'5GB'")
        unit = found[2].upper()
        number = int(found[1]) * UNITS["" if unit == "B" else unit]
    if number < 1:
        raise must("max_shard_size", "must be a positive number of bytes", size, "'5GB'")
    return number


def cut(entries: Iterable[Entry], most: int | None) -> list[list[Entry]]:
    """Entries in runs of at most `most` bytes; one that is larger is alone."""
    runs: list[list[Entry]] = [[]]
    size = 0
    for entry in entries:
        if most is not None and runs[-1] and size + entry.bytes > most:
            runs.append([])
            size = 0
        runs[-1].append(entry)
        size += entry.bytes
    if len(runs) > MOST:
        rule = f"must leave at most {MOST:,} files"
        raise must("max_shard_size", rule, f"{len(runs):,}", "a larger size")
    return runs


def names_of_shards(path: Path, count: int) -> tuple[list[Path], Path]:
    """The files of so many parts, and that of the index, for the file that is asked for.

    Examples
    --------
    >>> files, index = names_of_shards(Path("model.safetensors"), 2)
    >>> print(*files, index)
    model-00001-of-00002.safetensors model-00002-of-00002.safetensors model.safetensors.index.json
    """
    name = path.name.removesuffix(INDEX)
    ending = ".safetensors"
    stem = name.removesuffix(ending)
    files = [path.with_name(f"{stem}-{n:05}-of-{count:05}{ending}") for n in range(1, count + 1)]
    return files, path.with_name(f"{stem}{ending}{INDEX}")


def index_of(shards: Sequence[tuple[Path, Sequence[Entry]]]) -> bytes:
    """The text of the index of files, in the form that transformers reads."""
    places = {entry.name: file.name for file, entries in shards for entry in entries}
    total = sum(entry.bytes for _, entries in shards for entry in entries)
    table = {"metadata": {"total_size": total}, "weight_map": dict(sorted(places.items()))}
    return json.dumps(table, indent=2).encode() + b"\n"
