"""A checkpoint: one .safetensors file, or several with an index, whose bytes are mapped when asked for."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from agnostic_init.arrays.dtypes import DTYPES
from agnostic_init.arrays.errors import Wording, must, within
from agnostic_init.bits.block import block, pieces
from agnostic_init.storage.header import LONGEST, Stored, parsed, read_header

__all__ = ["INDEX", "Checkpoint", "open_checkpoint"]

INDEX = ".index.json"
PIECE = 1 << 26  # bytes that are mapped at once


class Checkpoint(Mapping[str, Stored]):
    """The tensors of one or more files, by name. Nothing of their data is read before it is asked for.

    Attributes
    ----------
    path
        What was opened.
    metadata
        Of the file, or of all files together.
    files
        The file that each tensor is in.
    """

    def __init__(
        self,
        path: Path,
        tensors: dict[str, Stored],
        files: dict[str, Path],
        metadata: dict[str, str],
    ) -> None:
        self.path, self.files, self.metadata = path, files, metadata
        self._tensors = tensors

    def __getitem__(self, name: str) -> Stored:
        return self._tensors[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)

    def __repr__(self) -> str:
        return f"Checkpoint({str(self.path)!r}, {len(self)} tensors)"

    def storage(self, name: str) -> Any:
        """All of a tensor, mapped from its file, which is not to be changed; nothing is read yet.

        It has the dtype of NumPy's that our dtype is stored as: unsigned integers for formats that
        NumPy has not.
        """
        stored = self._known(name)
        dtype = np.dtype(DTYPES[stored.dtype].storage)
        if not stored.bytes:
            return np.empty(stored.shape, dtype)
        try:
            mapped = np.memmap(
                self.files[name], np.uint8, "r", offset=stored.start, shape=(stored.bytes,)
            )
        except ValueError as error:  # the file has become shorter
            raise must("file", "must stay as it is", Wording(str(error))) from None
        if stored.start % dtype.itemsize:  # which the format allows
            return np.frombuffer(bytes(mapped), dtype).reshape(stored.shape)
        return np.asarray(mapped).view(dtype).reshape(stored.shape)

    def pieces(self, name: str) -> Iterator[tuple[Any, Any]]:
        """Indices of consecutive blocks of a tensor and their data, each mapped for itself alone."""
        stored = self._known(name)
        dtype = np.dtype(DTYPES[stored.dtype].storage)
        elements = math.prod(stored.shape)
        if not elements:
            return
        at = stored.start
        for index in pieces(stored.shape, max(1, PIECE // dtype.itemsize)):
            part = block(stored.shape, index)
            count = part.size * dtype.itemsize
            try:
                mapped = np.memmap(self.files[name], np.uint8, "r", offset=at, shape=(count,))
            except ValueError as error:
                raise must("file", "must stay as it is", Wording(str(error))) from None
            data = np.asarray(mapped)
            if at % dtype.itemsize:
                data = data.copy()
            yield index, data.view(dtype).reshape(part.shape)
            at += count

    def _known(self, name: str) -> Stored:
        stored = self._tensors[name]
        if stored.dtype not in DTYPES:
            rule = "must be one whose elements have bytes of their own"
            place = f"dtype of {name!r}"
            raise must(place, rule, stored.dtype)
        if sys.byteorder != "little":
            raise must("sys.byteorder", "must be little to read safetensors", sys.byteorder)
        return stored


def open_checkpoint(path: str | os.PathLike[str]) -> Checkpoint:
    """Read the header of a .safetensors file, or those of the files that an index names.

    Parameters
    ----------
    path
        Of a .safetensors file; of an index, as ``model.safetensors.index.json``; or of a folder
        that holds one index, or else one file.

    Raises
    ------
    ParameterError
        If a header or an index is not as the format says, or an index names a file outside of its
        folder, or tensors that its files have not.
    OSError
        If a file cannot be read.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> from agnostic_init.storage.checkpoint import open_checkpoint
    >>> from tempfile import TemporaryDirectory
    >>> plan = ai.init_tree({"w": (2, 3)}, {"*": "ones"}, key=0, dry_run=True)
    >>> with TemporaryDirectory() as folder:
    ...     _ = ai.checkpoint.write_plan(plan, f"{folder}/model.safetensors")
    ...     print(open_checkpoint(folder).storage("w"))
    [[1. 1. 1.]
     [1. 1. 1.]]
    """
    place = Path(path)
    if place.is_dir():
        place = _in_folder(place)
    with within(str(place)):
        if place.name.endswith(".json"):
            return _of_index(place)
        tensors, metadata = _opened(place)
        return Checkpoint(place, tensors, dict.fromkeys(tensors, place), metadata)


def _in_folder(folder: Path) -> Path:
    for pattern in (f"*{INDEX}", "*.safetensors"):
        found = sorted(folder.glob(pattern))
        if len(found) == 1:
            return found[0]
        if found:
            names = [each.name for each in found]
            raise must("path", "must be that of a file where a folder has several", names)
    rule = "must be a .safetensors file, or a folder with one or with an index"
    raise must("path", rule, str(folder))


def _opened(path: Path) -> tuple[dict[str, Stored], dict[str, str]]:
    if path.exists() and not path.is_file():
        raise must("path", "must be that of a file, not of a device or pipe", str(path))
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        return read_header(file, size)


def _of_index(path: Path) -> Checkpoint:
    if path.exists() and not path.is_file():
        raise must("path", "must be that of a file, not of a device or pipe", str(path))
    with path.open("rb") as file:
        content = file.read(LONGEST + 1)
    if len(content) > LONGEST:
        raise must("the index", f"must have at most {LONGEST:,} bytes", Wording("more"))
    table = parsed(content, "the index")
    places = table.get("weight_map") if isinstance(table, dict) else None
    if not isinstance(places, dict) or not places:
        raise must("the index", "must have a weight_map of tensors and files", table)
    by_file: dict[str, list[str]] = {}
    for name, file_name in places.items():
        if not isinstance(file_name, str) or not _is_plain(file_name):
            place = f"file of {name!r}"
            raise must(place, "must be a name in the folder of the index", file_name)
        by_file.setdefault(file_name, []).append(name)
    tensors, files, metadata = {}, {}, {}
    for file_name, names in by_file.items():
        shard = path.parent / file_name
        with within(file_name):
            found, about = _opened(shard)
            for name in names:
                if name not in found:
                    raise must("the file", f"must have {name!r}, as the index says", sorted(found))
                tensors[name], files[name] = found[name], shard
            extra = sorted(found.keys() - set(names))
            if extra:
                raise must("the index", "must name all tensors of its files", extra)
        metadata.update(about)
    own = table.get("metadata")
    if isinstance(own, dict):
        metadata.update({name: each for name, each in own.items() if isinstance(each, str)})
    return Checkpoint(path, tensors, files, metadata)


def _is_plain(name: str) -> bool:
    """Whether it is the name of a file, and no path that leads elsewhere."""
    if not name or name in (".", "..") or "\0" in name:
        return False
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return not any(mark in name for mark in ("/", "\\", ":"))
