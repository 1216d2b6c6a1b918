"""Whether a file has what a plan makes: all of it is made again."""

from __future__ import annotations

import hashlib
import os
from typing import Any

import numpy as np

from agnostic_init.checkpoint.header import check_plan, header_of
from agnostic_init.checkpoint.pieces import Maker, pieces_of
from agnostic_init.models.plan import Plan
from agnostic_init.models.progress import Progress, check_progress
from agnostic_init.storage.checkpoint import open_checkpoint

__all__ = ["data_sha256", "verify"]


def data_sha256(
    plan: Plan, *, xp: Any = None, device: Any = None, progress: Progress | None = None
) -> str:
    """The sha256 of the data that `write` would write, without a file.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> from agnostic_init.checkpoint import data_sha256
    >>> plan = ai.init_tree({"w": (512, 256)}, {"*": "zeros"}, key=0, dry_run=True)
    >>> data_sha256(plan)[:16]
    '07854d2fef297a06'
    """
    check_plan(plan)
    check_progress(progress)
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


def verify(
    plan: Plan,
    path: str | os.PathLike[str],
    *,
    xp: Any = None,
    device: Any = None,
    progress: Progress | None = None,
) -> tuple[str, ...]:
    """Make a plan's tensors again, and name those that a file has otherwise.

    Parameters
    ----------
    plan
        Of `agnostic_init.init_tree` with ``dry_run=True``.
    path
        Of a .safetensors file, of an index or of a folder with one.
    xp, device, progress
        As of `write`.

    Returns
    -------
    tuple of str
        Names of tensors of which a bit is another, or the dtype or the shape, that are missing or
        that the plan has not; empty if the file is what the plan makes.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> from tempfile import TemporaryDirectory
    >>> plan = ai.init_tree({"w": (2, 3)}, {"*": ai.normal()}, key=0, dry_run=True)
    >>> other = ai.init_tree({"w": (2, 3)}, {"*": ai.normal()}, key=1, dry_run=True)
    >>> with TemporaryDirectory() as folder:
    ...     _ = ai.checkpoint.write(plan, f"{folder}/model.safetensors")
    ...     ai.checkpoint.verify(plan, folder), ai.checkpoint.verify(other, folder)
    ((), ('w',))
    """
    check_plan(plan)
    check_progress(progress)
    header = header_of(plan)
    opened = open_checkpoint(path)
    maker = Maker(header, xp, device)
    wrong = {name for name in opened if name not in plan}
    for entry in plan:
        stored = opened.get(entry.name)
        if stored is None or (stored.dtype, stored.shape) != (entry.dtype, entry.shape):
            wrong.add(entry.name)
    for piece in pieces_of(header):
        name = piece.entry.name
        if name not in wrong:
            made = np.empty(piece.bytes, np.uint8)
            maker.write(piece, made)
            held = np.ascontiguousarray(opened.storage(name)[piece.index])
            if not np.array_equal(held.reshape(-1).view(np.uint8), made):
                wrong.add(name)
        if progress is not None:
            progress(name, piece.start + piece.bytes, header.data_bytes)
    return tuple(sorted(wrong))
