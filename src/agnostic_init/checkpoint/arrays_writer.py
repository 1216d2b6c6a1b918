"""A .safetensors file of arrays that come one by one, or a block at a time."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from agnostic_init.arrays.dtypes import DTYPES
from agnostic_init.arrays.errors import Wording, must, must_be_type, within
from agnostic_init.arrays.target import library_of
from agnostic_init.bits.block import Block, block, pieces
from agnostic_init.checkpoint.atomic import appearing
from agnostic_init.checkpoint.header import header_of
from agnostic_init.checkpoint.overlaps import Blocks
from agnostic_init.checkpoint.places import leftovers, place_of, remove
from agnostic_init.models.specs import specs_of
from agnostic_init.models.tree import plan_tree

__all__ = ["Writer"]

PIECE = 1 << 26  # bytes that are mapped at once


class Writer:
    """Writes arrays of any library into one file, each when it is there; a context.

    The file appears under its name at the end of the context, if all of it was written, and not at
    all after an error.

    Parameters
    ----------
    path
        Of the file.
    specs
        Names, shapes and dtypes of all tensors, as of `init_tree`; float32 where there is no dtype.
    metadata
        Strings that the header is to have.
    overwrite
        Whether a file that exists may be replaced.

    Raises
    ------
    ParameterError, ParameterTypeError
        If the path cannot be written, or the format has not a dtype or name.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> import numpy as np
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = f"{folder}/model.safetensors"
    ...     with ai.checkpoint.Writer(path, {"w": (4, 2), "b": (2,)}) as writer:
    ...         writer.write("b", np.zeros(2, np.float32))
    ...         writer.write("w", np.ones((2, 2), np.float32), index=slice(0, 2))
    ...         writer.write("w", np.ones((2, 2), np.float32), index=slice(2, 4))
    ...     print(ai.fingerprint(path))
    22e18ad65c2dfc3b867c18de63e7a13b
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        specs: Any,
        *,
        metadata: Mapping[str, str] | None = None,
        overwrite: bool = False,
    ) -> None:
        about: dict[Any, Any] = dict(metadata or {})
        for name, text in about.items():
            if not isinstance(name, str) or not isinstance(text, str):
                raise must_be_type("metadata", "must be of strings", {name: text})
        plan = plan_tree(specs_of(specs), {"*": "zeros"}, key=0)
        self._header = header_of(plan, None, {"format": "pt", **about})
        self._places = {entry.name: (entry, start) for entry, start in self._header.places}
        self._written = {entry.name: Blocks() for entry in plan}
        self._target, self._overwrite = place_of(Path(path), overwrite), overwrite
        self._old = leftovers(Path(path), [Path(path)], overwrite)
        self._stack = contextlib.ExitStack()
        self._file: Any = None

    def __enter__(self) -> Self:
        size = self._header.file_bytes
        opened = appearing(self._target, size, replace=self._overwrite, before=self._check_all)
        self._file = self._stack.enter_context(opened)
        self._file.write(self._header.prefix)
        self._file.flush()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._stack.__exit__(kind, error, trace)
        finally:
            self._file = None
        if kind is None:
            remove(self._old)

    def write(self, name: str, array: Any, *, index: Any = None) -> None:
        """Write a tensor, or the block of it that `index` selects, each element once.

        Raises
        ------
        ParameterError, ParameterTypeError
            If the file has no such tensor, the shape or the dtype is another, or an element has been
            written.
        """
        if self._file is None:
            raise must("writer", "must be entered, by `with`", Wording("one that is not"))
        if name not in self._places:
            raise must("name", "must be that of a tensor of the specs", name)
        entry, start = self._places[name]
        with within(f"tensor {name!r}"):
            part = block(entry.shape, index)
            library = library_of(array)
            library.check_dense(array)
            if library.cut(array) is not None or not library.readable(array):
                raise must("array", "must be whole, with values", type(array), "full_tensor()")
            if tuple(array.shape) != part.shape:
                raise must("array", f"must have the shape {part.shape}", tuple(array.shape))
            if library.dtype_name(array.dtype) != entry.dtype:
                got = library.dtype_name(array.dtype)
                raise must("array", f"must have the dtype {entry.dtype}", got)
            written = self._written[name]
            before = written.overlapped(part)
            if before is not None:
                rule = f"must have no element of what is written, as {_text(before)} is"
                raise must("index", rule, Wording(_text(part)), "each index once")
            held = library.to_host(np.asarray(array) if isinstance(array, np.generic) else array)
            self._copy(held, entry, len(self._header.prefix) + start, part)
            written.add(part)

    def _copy(self, held: Any, entry: Any, begin: int, part: Block) -> None:
        """Copy, in pieces that are one run of the file each where the block's rows are."""
        storage = np.dtype(DTYPES[entry.dtype].storage)
        held = held.view(storage)
        if not part.size:
            return
        if part.whole:
            at = begin
            for index in pieces(entry.shape, max(1, PIECE // storage.itemsize)):
                some = held[index]
                mapped = self._mapped(at, some.nbytes)
                mapped.view(storage).reshape(some.shape)[...] = some
                at += some.nbytes
            return
        whole = self._mapped(begin, entry.bytes).view(storage).reshape(entry.shape)
        whole[part.as_index] = held

    def _mapped(self, start: int, size: int) -> Any:
        return np.asarray(np.memmap(self._file, np.uint8, "r+", offset=start, shape=(size,)))

    def _check_all(self) -> None:
        missing = [
            name
            for name, (entry, _) in self._places.items()
            if self._written[name].elements < entry.elements
        ]
        if missing:
            rule = f"must be written, but {len(missing)} of {len(self._places)} are not, or in part"
            raise must("specs", rule, missing)


def _text(part: Block) -> str:
    """A block as it would be written in brackets."""
    items = [
        str(start) if drop else f"{start}:{_stop(start + step * count)}" + f":{step}" * (step != 1)
        for start, step, count, drop in zip(
            part.starts, part.steps, part.counts, part.dropped, strict=True
        )
    ]
    return f"[{', '.join(items)}]"


def _stop(stop: int) -> str:
    return "" if stop < 0 else str(stop)
