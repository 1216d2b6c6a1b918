"""A plan's tensors in pieces of bounded size, as the bytes that they are in a file."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from agnostic_init.arrays.dtypes import FORMATS
from agnostic_init.arrays.errors import ParameterError, must, within
from agnostic_init.arrays.target import resolve
from agnostic_init.bits.block import block
from agnostic_init.bits.block import pieces as split
from agnostic_init.checkpoint.header import Header
from agnostic_init.initializers.constant import zeros
from agnostic_init.models.entry import Entry

__all__ = ["Maker", "Piece", "pieces_of"]

PIECE = 1 << 26  # bytes


@dataclass(frozen=True, slots=True)
class Piece:
    """Consecutive elements of a tensor.

    Attributes
    ----------
    entry
        The tensor.
    index
        The piece as a block of the tensor.
    shape
        Of the piece.
    start, bytes
        Where its bytes lie in the data.
    """

    entry: Entry
    index: Any
    shape: tuple[int, ...]
    start: int
    bytes: int


def pieces_of(header: Header) -> Iterator[Piece]:
    """The data in its order, but for tensors without elements."""
    for entry, first in header.places:
        if not entry.elements:
            continue
        start = first
        itemsize = entry.bytes // entry.elements
        # What is made as a whole in any case is made once.
        most = PIECE // itemsize if entry.initializer.elementwise else entry.elements
        for index in split(entry.shape, most):
            shape = block(entry.shape, index).shape
            size = math.prod(shape) * itemsize
            yield Piece(entry, index, shape, start, size)
            start += size


class Maker:
    """Makes pieces on one array library and device, and puts their bytes where they are wanted.

    With NumPy the bytes are made in place; other libraries make an array on the device, which is
    copied.

    Parameters
    ----------
    header
        Of what will be made: all of its dtypes are checked.
    xp, device
        The array library, or its name, and the device; NumPy where nothing is given.
    """

    def __init__(self, header: Header, xp: Any = None, device: Any = None) -> None:
        if sys.byteorder != "little":
            raise must("sys.byteorder", "must be little to write safetensors", sys.byteorder)
        self.xp, self.device = xp, device
        self.library = resolve(None, xp, None, device).library
        self.dtypes: dict[str, Any] = {}
        for entry, _ in header.places:
            if entry.dtype not in self.dtypes:
                with within(f"parameter {entry.name!r}"):
                    self.dtypes[entry.dtype] = self.library.dtype(entry.dtype)
        self._probe()

    def write(self, piece: Piece, out: Any) -> None:
        """Write the bytes of a piece into an array of them."""
        entry = piece.entry
        if self.library.name == "numpy":
            view = out.view(self.dtypes[entry.dtype]).reshape(piece.shape)
            entry.initializer.fill(view, key=entry.key, index=piece.index, global_shape=entry.shape)
            return
        made = entry.initializer(
            entry.shape,
            key=entry.key,
            xp=self.library.xp,
            dtype=entry.dtype,
            device=self.device,
            index=piece.index,
        )
        stored = np.ascontiguousarray(self.library.to_host(made))
        np.copyto(out, stored.reshape(-1).view(np.uint8))

    def _probe(self) -> None:
        """Find out that a device is missing before a file is begun, and say so in one way."""
        if self.library.name == "numpy":
            return
        dtype = next((name for name in self.dtypes if name in FORMATS), "float32")
        try:
            made = zeros()((1,), xp=self.library.xp, dtype=dtype, device=self.device)
            self.library.to_host(made)
        except (ParameterError, ImportError):
            raise
        except Exception as error:
            name = self.library.name
            rule = f"must be one that {name} can use here ({type(error).__name__}: {error})"
            raise must("device", rule, self.device, "another device, or NumPy") from error
