"""A plan into a .safetensors file, piece by piece."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from agnostic_init.arrays.errors import must, must_be_type
from agnostic_init.checkpoint.atomic import appearing
from agnostic_init.checkpoint.header import header_of
from agnostic_init.checkpoint.pieces import Maker, pieces_of
from agnostic_init.models.plan import Plan
from agnostic_init.models.progress import Progress

__all__ = ["Written", "data_sha256", "write_plan"]


@dataclass(frozen=True, slots=True)
class Written:
    """What has been written.

    Attributes
    ----------
    path : of the file.
    data_bytes : of the tensors, without the header.
    sha256 : of those bytes: the same for the same plan, whatever library made them.
    """

    path: Path
    data_bytes: int
    sha256: str


def write_plan(
    plan: Plan,
    path: str | os.PathLike[str],
    *,
    xp: Any = None,
    device: Any = None,
    overwrite: bool = False,
    progress: Progress | None = None,
    before: Callable[[], object] = lambda: None,
) -> Written:
    """Make every tensor of a plan, straight into a .safetensors file.

    Memory stays bounded: a piece of at most 64 MiB is made at a time, with NumPy in the file's own
    mapped memory. Only an initializer that is not elementwise needs all of a tensor at once. The
    file appears under its name when it is complete; on an error or an interrupt nothing is left,
    and a file that was there before is as it was. What a process that was killed has left is
    removed by the next that writes the same file.

    Parameters
    ----------
    plan
        Of `agnostic_init.init_tree` with ``dry_run=True``.
    path
        Of the file.
    xp, device
        The array library, or its name, and the device on which tensors are made; NumPy where
        nothing is given. The bytes are the same on all.
    overwrite
        Whether a file that exists may be replaced. The new one has its permissions and, where that
        is allowed, its owner; its other hard links stay with the old content.
    progress
        Called after each piece with the tensor's name, the bytes so far, and the bytes in all.
    before
        Called when all is written, just before the file appears, which it prevents by raising.

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
    >>> from agnostic_init.checkpoint import write_plan
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> plan = ai.init_tree({"weight": (512, 256)}, {"*": "ones"}, key=0, dry_run=True)
    >>> with TemporaryDirectory() as folder:
    ...     written = write_plan(plan, Path(folder) / "model.safetensors")
    >>> written.data_bytes
    524288
    """
    _check_plan(plan)
    target = Path(path)
    if target.exists() and not target.is_file():
        raise must("path", "must be that of a file, not of a folder or device", str(target))
    if not target.parent.is_dir():
        raise must("path", "must be in a folder that exists", str(target))
    if target.exists() and not overwrite:
        raise must("path", "must not exist yet", str(target), "overwrite=True")
    header = header_of(plan)
    maker = Maker(header, xp, device)
    begin = len(header.prefix)
    digest = hashlib.sha256()
    # A link stays a link: the file that it leads to is the one that is replaced.
    place, size = target.resolve(), begin + header.data_bytes
    with appearing(place, size, replace=overwrite, before=before) as file:
        file.write(header.prefix)
        for piece in pieces_of(header):
            # One mapping a piece, so that written pages are the system's to keep, not this process's.
            mapped = np.memmap(
                file, np.uint8, mode="r+", offset=begin + piece.start, shape=(piece.bytes,)
            )
            out = np.asarray(mapped)
            maker.write(piece, out)
            digest.update(out.data)
            del out, mapped
            if progress is not None:
                progress(piece.entry.name, piece.start + piece.bytes, header.data_bytes)
    return Written(target, header.data_bytes, digest.hexdigest())


def data_sha256(
    plan: Plan, *, xp: Any = None, device: Any = None, progress: Progress | None = None
) -> str:
    """The sha256 of the data that `write_plan` would write, without a file.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> from agnostic_init.checkpoint import data_sha256
    >>> plan = ai.init_tree({"w": (512, 256)}, {"*": "zeros"}, key=0, dry_run=True)
    >>> data_sha256(plan)[:16]
    '07854d2fef297a06'
    """
    _check_plan(plan)
    header = header_of(plan)
    maker = Maker(header, xp, device)
    digest = hashlib.sha256()
    buffer = np.empty(max((piece.bytes for piece in pieces_of(header)), default=0), np.uint8)
    for piece in pieces_of(header):
        out = buffer[: piece.bytes]
        maker.write(piece, out)
        digest.update(out.data)
        if progress is not None:
            progress(piece.entry.name, piece.start + piece.bytes, header.data_bytes)
    return digest.hexdigest()


def _check_plan(plan: Any) -> None:
    if not isinstance(plan, Plan):
        raise must_be_type("plan", "must be a Plan", plan, "init_tree(..., dry_run=True)")
