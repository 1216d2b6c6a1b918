"""An initializer that takes a tensor of a file, resized where that is asked for."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from agnostic_init.arrays.dtypes import DTYPES
from agnostic_init.arrays.errors import must, must_be_type, within
from agnostic_init.arrays.libraries.numpy import storage_view
from agnostic_init.arrays.target import Target, backend
from agnostic_init.bits.block import Block
from agnostic_init.bits.key import Key
from agnostic_init.checkpoint.grids import grid_of, on_grid
from agnostic_init.checkpoint.resizing import check_resize, fits, interpolated, new_rows, taken
from agnostic_init.checkpoint.statistics import decoder
from agnostic_init.initializers.base import Initializer
from agnostic_init.initializers.lookup import found
from agnostic_init.storage.checkpoint import Checkpoint, open_checkpoint

__all__ = ["pretrained"]


@dataclass(frozen=True, repr=False)
class pretrained(Initializer):
    """The values of a tensor in a .safetensors file, of which only what is needed is read.

    Parameters
    ----------
    path
        Of a .safetensors file, of an index or of a folder with one.
    tensor
        Its name there.
    resize
        What is done where the shapes differ. None: an error. "corner": what both shapes have at
        the beginning of each axis is taken, and what is beyond it made by `fresh`. "repeat": each
        axis is repeated to its length. "rows": rows are added, drawn from the normal distribution
        with the mean and the covariance of those that there are. "interpolate": rows are
        interpolated linearly, the first and the last staying what they are. "grid": the one axis
        that differs is that of the positions on a square, which are interpolated bilinearly, the
        corners staying what they are; "grid+1" has one before them, as of a class token, which
        stays; "grid+1:14x14:16x24" says the old and the new rows and columns.
    fresh
        The initializer of what "corner" does not take.

    Notes
    -----
    A value is rounded once where the dtypes differ; one that has no place in the new dtype is an
    error. Sums of "rows" are equal between machines to rounding.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> from tempfile import TemporaryDirectory
    >>> plan = ai.init_tree({"w": (2, 3)}, {"*": ai.constant([1, 2, 3])}, key=0, dry_run=True)
    >>> with TemporaryDirectory() as folder:
    ...     _ = ai.checkpoint.write(plan, f"{folder}/model.safetensors")
    ...     init = ai.checkpoint.pretrained(folder, "w", "corner", ai.zeros())
    ...     print(init((3, 4), key=0))
    [[1. 2. 3. 0.]
     [1. 2. 3. 0.]
     [0. 0. 0. 0.]]
    """

    elementwise: ClassVar[bool] = True

    path: str
    tensor: str
    resize: str | None = None
    fresh: Initializer | None = None

    def __post_init__(self) -> None:
        given: Any = self.path
        if not isinstance(given, str | os.PathLike):
            raise must_be_type("path", "must be a path", given)
        object.__setattr__(self, "path", os.fspath(given))
        if not isinstance(self.tensor, str):
            raise must_be_type("tensor", "must be a name", self.tensor)
        if self.resize is not None:
            check_resize(self.resize)
        if self.fresh is not None:
            object.__setattr__(self, "fresh", found(self.fresh, "fresh"))
        elif self.resize == "corner":
            hint = "ai.zeros()"
            raise must("fresh", "must be given for the rest of a corner", self.fresh, hint)

    def check(self, shape: tuple[int, ...], dtype: str) -> None:
        stored = self._opened().get(self.tensor)
        with within(f"tensor {self.tensor!r} of {self.path}"):
            if stored is None:
                import difflib

                close = difflib.get_close_matches(self.tensor, list(self._opened()), n=1)
                raise must("tensor", "must be one of the file", self.tensor, "".join(close))
            if stored.dtype not in DTYPES:
                rule = "must be one whose elements have bytes of their own"
                raise must("dtype", rule, stored.dtype)
            kinds = DTYPES[stored.dtype].kind, DTYPES[dtype].kind
            if stored.dtype != dtype and kinds != ("float", "float"):
                raise must("dtype", f"must be {stored.dtype}, which has other values", dtype)
            if stored.shape != shape:
                fits(stored.shape, shape, self.resize)
                if self.resize not in ("corner", "repeat") and kinds[0] != "float":
                    raise must("resize", "must be 'corner' or 'repeat' of integers", self.resize)
        if self.fresh is not None:
            self.fresh.check(shape, dtype)

    def statistics(self, shape: tuple[int, ...], dtype: str) -> dict[str, Any]:
        return {"distribution": "pretrained"}

    def make(self, shape: tuple[int, ...], key: Key | None, part: Block, target: Target) -> Any:
        library, dtype, device = target.library, target.dtype, target.device
        self.check(shape, dtype)

        def stored(index: Any) -> Any:
            return self._storage(shape, key, part if index is None else part.part(index), dtype)

        if library.lazy:
            kind = library.dtype(dtype)
            state = Path(self.path).stat().st_mtime_ns  # other values have another name
            of = repr(self), state, repr(key), repr(part)
            return library.by_blocks(
                lambda index: stored(index).view(kind), part.shape, kind, target.like, of
            )
        if library.cuts(device):
            return library.from_parts(stored, part.shape, dtype, device)
        return library.from_storage(stored(None), dtype, device)

    def _storage(self, shape: tuple[int, ...], key: Key | None, part: Block, dtype: str) -> Any:
        """The block's values as the host stores them."""
        opened = self._opened()
        stored, source = opened[self.tensor], opened.storage(self.tensor)
        with within(f"tensor {self.tensor!r} of {self.path}"):
            if stored.shape == shape or self.resize == "repeat":
                values = self._cast(taken(source, part, stored.shape), stored.dtype, dtype)
            elif self.resize == "corner" and self.fresh is not None:
                values = self._corner(source, stored.dtype, key, part, dtype)
            elif self.resize == "rows":
                assert key is not None
                made = new_rows(source, decoder(stored.dtype), key, part)
                values = self._cast(made, "float64", dtype)
            else:
                grid, decode = grid_of(self.resize), decoder(stored.dtype)
                made = (
                    interpolated(source, decode, part)
                    if grid is None
                    else on_grid(source, decode, part, grid)
                )
                values = self._cast(made, "float64", dtype)
        return values.reshape(part.shape)

    def _corner(self, source: Any, own: str, key: Key | None, part: Block, dtype: str) -> Any:
        assert self.fresh is not None
        init = self.fresh
        made = init(part.global_shape, key=key, dtype=dtype, index=part.as_index)
        values = np.array(storage_view(np.asarray(made))).reshape(part.counts)
        inside = []
        for start, step, count, length in zip(
            part.starts, part.steps, part.counts, source.shape, strict=True
        ):
            places = start + step * np.arange(count)
            inside.append(np.flatnonzero(places < length))
        if all(each.size for each in inside):
            there = [
                start + step * each
                for start, step, each in zip(part.starts, part.steps, inside, strict=True)
            ]
            values[np.ix_(*inside)] = self._cast(source[np.ix_(*there)], own, dtype)
        return values

    def _cast(self, values: Any, own: str, dtype: str) -> Any:
        """Values as they are stored in one dtype, as they are in another."""
        if own == dtype:
            return np.array(values, order="C")
        numbers = decoder(own)(np.ascontiguousarray(values).reshape(-1))
        try:
            with np.errstate(over="raise"):
                cast = numbers.astype(backend("numpy").dtype(dtype))
        except FloatingPointError:
            largest = float(np.abs(numbers[np.isfinite(numbers)]).max())
            raise must("dtype", f"must hold {largest:g}", dtype, own) from None
        return np.array(storage_view(cast)).reshape(values.shape)

    def _opened(self) -> Checkpoint:
        place = Path(self.path)
        if place.is_dir():
            return open_checkpoint(place)
        state = place.stat()
        return _known(self.path, state.st_mtime_ns, state.st_size)


@functools.lru_cache(maxsize=8)
def _known(path: str, changed: int, size: int) -> Checkpoint:
    """A file that is opened once for all of its tensors, unless it changes."""
    return open_checkpoint(path)
