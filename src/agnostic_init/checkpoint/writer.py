"""A plan into .safetensors files, piece by piece."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from agnostic_init.arrays.errors import must_be_type
from agnostic_init.checkpoint.atomic import appearing
from agnostic_init.checkpoint.header import Header, check_plan, header_of
from agnostic_init.checkpoint.made_by import metadata_of
from agnostic_init.checkpoint.pieces import Maker, Piece, pieces_of
from agnostic_init.checkpoint.places import leftovers, place_of, remove
from agnostic_init.checkpoint.resuming import finished, is_finished, resumed
from agnostic_init.checkpoint.shards import as_bytes, cut, index_of, names_of_shards
from agnostic_init.models.plan import Plan
from agnostic_init.models.progress import Progress, check_progress

__all__ = ["Written", "write", "write_plan"]


@dataclass(frozen=True, slots=True)
class Written:
    """What has been written.

    Attributes
    ----------
    path
        Of the file, or of the index of several.
    data_bytes
        Of the tensors, without headers.
    sha256
        Of those bytes, of several files in their order: the same for the same plan, whatever
        library made them and however they are cut.
    files
        That have the tensors.
    removed
        Files of an earlier model of the name, which are not among those that are new.
    """

    path: Path
    data_bytes: int
    sha256: str
    files: tuple[Path, ...]
    removed: tuple[Path, ...] = ()


def write(
    plan: Plan,
    path: str | os.PathLike[str],
    *,
    xp: Any = None,
    device: Any = None,
    max_shard_size: int | str | None = None,
    overwrite: bool = False,
    resume: bool = False,
    progress: Progress | None = None,
    before: Callable[[], object] = lambda: None,
) -> Written:
    """Make every tensor of a plan, straight into .safetensors files.

    Memory stays bounded: a piece of at most 64 MiB is made at a time, with NumPy in the file's own
    mapped memory. Only an initializer that is not elementwise needs all of a tensor at once. The
    files appear under their names when all are complete; on an error or an interrupt nothing is
    left, and a file that was there before is as it was. What a process that was killed has left is
    removed by the next that writes the same file. Each file says in its header how it was made.

    Parameters
    ----------
    plan
        Of `agnostic_init.init_tree` with ``dry_run=True``.
    path
        Of the file.
    xp, device
        The array library, or its name, and the device on which tensors are made; NumPy where
        nothing is given. The bytes are the same on all.
    max_shard_size
        Bytes of data that a file has at most, or a text such as "5GB"; a larger tensor is alone.
        Where that needs several files, they are called as transformers calls them, such as
        ``model-00001-of-00002.safetensors``, with an index ``model.safetensors.index.json``.
    overwrite
        Whether files that exist may be replaced. The new ones have their permissions and, where that
        is allowed, their owner; other hard links to them stay with the old content. Files of a model
        of this name that the new ones do not replace, as more shards than there are now, are
        removed when those are there.
    resume
        Whether what an earlier call of the same plan has written of the files, before it was ended
        in any way, is kept and gone on with. What this call writes is kept too if it is ended: in
        hidden files beside, which the next call that ends well leaves none of.
    progress
        Called after each piece with the tensor's name, the bytes so far, and the bytes in all.
    before
        Called when all is written, just before the files appear, which it prevents by raising.

    Returns
    -------
    Written

    Raises
    ------
    ParameterError, ParameterTypeError
        If the path cannot be written, or the format has not a dtype or name of the plan.
    FileExistsError
        If a file has come to be there in the meantime, and `overwrite` is False.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> specs = {"weight": (512, 256), "bias": 512}
    >>> plan = ai.init_tree(specs, {"*": "ones"}, key=0, dry_run=True)
    >>> with TemporaryDirectory() as folder:
    ...     written = ai.checkpoint.write(plan, Path(folder) / "model.safetensors")
    >>> written.data_bytes
    526336
    """
    check_plan(plan)
    check_progress(progress)
    if not callable(before):
        raise must_be_type("before", "must be a function without arguments", before)
    whole = header_of(plan)
    most = None if max_shard_size is None else as_bytes(max_shard_size)
    runs = cut([entry for entry, _ in whole.places], most)
    shards, index = [Path(path)], None
    headers = [whole]
    if len(runs) > 1:
        shards, index = names_of_shards(Path(path), len(runs))
        about = metadata_of(plan)
        headers = [header_of(plan, run, about) for run in runs]
    shown = Path(path) if index is None else index
    going_on = resume and index is not None and not overwrite
    named = [
        going_on and is_finished(each, header.prefix, header.file_bytes)
        for each, header in zip(shards, headers, strict=True)
    ]
    places = [place_of(each, overwrite or there) for each, there in zip(shards, named, strict=True)]
    if index is not None:
        places.append(place_of(index, overwrite))
    old = leftovers(Path(path), [*shards, *([] if index is None else [index])], overwrite)
    maker = Maker(whole, xp, device)
    digest = hashlib.sha256()
    done = 0
    with contextlib.ExitStack() as stack:
        # What is entered last appears first: the index, which makes a model of files, does so last.
        if index is not None:
            text = index_of([*zip(shards, runs, strict=True)])
            last = stack.enter_context(appearing(places[-1], len(text), replace=overwrite))
            last.write(text)
        for number, (place, header) in enumerate(zip(places, headers, strict=False)):
            size = header.file_bytes
            told = functools.partial(_tell, progress, done, whole.data_bytes)
            if resume:
                rest = (
                    finished(place, header.prefix, size)
                    if named[number]
                    else resumed(place, header.prefix, size, replace=overwrite)
                )
                file, have = stack.enter_context(rest)
                _append_data(file, have, header, maker, digest, told)
            else:
                first_to_appear = before if number == len(shards) - 1 else _nothing
                opened = appearing(place, size, replace=overwrite, before=first_to_appear)
                _write_data(stack.enter_context(opened), header, maker, digest, told)
            done += header.data_bytes
        if resume:
            before()
    return Written(shown, whole.data_bytes, digest.hexdigest(), tuple(shards), remove(old))


#: The name before there were several files.
write_plan = write


Told = Callable[[Piece], object]


def _tell(progress: Progress | None, before: int, total: int, piece: Piece) -> None:
    if progress is not None:
        progress(piece.entry.name, before + piece.start + piece.bytes, total)


def _nothing() -> None:
    pass


def _append_data(
    file: BinaryIO, have: int, header: Header, maker: Maker, digest: Any, told: Told
) -> None:
    """Write what is missing at the end of a file that has `have` bytes."""
    begin = len(header.prefix)
    if have < begin:
        file.seek(0)
        file.truncate()
        file.write(header.prefix)
    for piece in pieces_of(header):
        start = begin + piece.start
        if start + piece.bytes <= have:
            written = np.memmap(file, np.uint8, mode="r", offset=start, shape=(piece.bytes,))
            digest.update(np.asarray(written).data)
        else:
            file.seek(start)
            file.truncate()
            out = np.empty(piece.bytes, np.uint8)
            maker.write(piece, out)
            file.write(out.data)
            file.flush()
            digest.update(out.data)
        told(piece)


def _write_data(file: BinaryIO, header: Header, maker: Maker, digest: Any, told: Told) -> None:
    file.write(header.prefix)
    begin = len(header.prefix)
    for piece in pieces_of(header):
        # One mapping a piece, so that written pages are the system's to keep, not this process's.
        mapped = np.memmap(
            file, np.uint8, mode="r+", offset=begin + piece.start, shape=(piece.bytes,)
        )
        out = np.asarray(mapped)
        maker.write(piece, out)
        digest.update(out.data)
        del out, mapped
        told(piece)
