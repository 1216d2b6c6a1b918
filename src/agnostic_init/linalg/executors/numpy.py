"""NumPy: panels in place, their update in strips that stay in cache."""

from __future__ import annotations

from typing import Any

import numpy as np

from agnostic_init.arrays.target import Target, backend
from agnostic_init.bits.key import Key
from agnostic_init.linalg import source
from agnostic_init.linalg.haar import Haar
from agnostic_init.linalg.in_place import assemble_in_place
from agnostic_init.linalg.panels import block_factor, width_of_panels

__all__ = ["fill", "make", "make_drawn"]

STRIP = 1 << 18  # elements of the temporary of an update
MOST = 128  # vectors a panel
LEAST, LEAST_OF_BATCH = 64, 16  # a single small matrix is all calls, a batch is arithmetic too


def make(haar: Haar, key: Key, target: Target, part: Any = ()) -> Any:
    """New matrices; `part` is an index into the batch."""
    library = target.library
    batch = np.broadcast_to(np.empty(()), haar.batch)[part].shape
    out = np.empty((*batch, haar.rows, haar.columns), library.dtype(haar.compute))
    fill(haar, key, out, part)
    return out if haar.compute == haar.dtype else library.cast(out, haar.dtype)


def fill(haar: Haar, key: Key, out: Any, part: Any = ()) -> None:
    """Write into an array of the dtype that is computed in."""
    if not out.size:
        return
    out = np.asarray(out)  # what a subclass adds, as masks, is not its memory
    if not _has_rows(out):
        buffer = np.empty(out.shape, out.dtype)
        fill(haar, key, buffer, part)
        out[...] = buffer
        return
    target = Target(backend("numpy"), haar.compute, None)
    with np.errstate(all="ignore"):
        for index, place in haar.stacks(part):
            some = out[index]
            _assemble(haar, source.of_key(haar, key, target, place, some.size), some)


def make_drawn(haar: Haar, draw: source.Into, target: Target) -> Any:
    """New matrices, of normals that something else draws."""
    dtype = target.library.dtype(haar.compute)
    out = np.empty(haar.shape, dtype)
    if not out.size:
        return out
    normals = np.empty((*haar.batch, haar.short, haar.long), dtype)
    draw((), 0, haar.short, normals)
    for index, _ in haar.stacks():
        _assemble(haar, source.of_normals(normals[index]), out[index])
    return out


def _assemble(haar: Haar, normals: source.Source, out: Any) -> None:
    width = width_of_panels(haar.short, MOST, LEAST_OF_BATCH if haar.batch else LEAST)
    tall = out.swapaxes(-1, -2) if haar.wide else out
    assemble_in_place(_Operations(normals), haar, tall, width)


def _has_rows(out: Any) -> bool:
    """Whether BLAS can write the matrices: rows or columns of consecutive elements."""
    down, across = out.strides[-2:]
    return bool(min(down, across) == out.itemsize and max(down, across) >= out.itemsize)


class _Operations:
    def __init__(self, normals: source.Source) -> None:
        self.normals = normals

    def reflectors(self, start: int, stop: int) -> tuple[Any, Any, Any]:
        rows = self.normals(start, stop)
        width = stop - start
        rows[..., :width] = np.triu(rows[..., :width])
        diagonal = self.diagonal(rows)
        first = np.abs(diagonal)
        norm = np.linalg.norm(rows, axis=-1)
        phases = np.sign(diagonal)  # no normal number of the stream is zero, so each has one
        diagonal += phases * norm
        rows *= (1.0 / np.sqrt(norm * (norm + first)))[..., None]
        halves = _squares(rows) / 2
        return rows, phases, block_factor(np, rows, halves)

    def solved(self, triangle: Any, array: Any) -> Any:
        return triangle @ array

    def conjugate(self, array: Any) -> Any:
        return array.conj() if array.dtype.kind == "c" else array

    def product(self, a: Any, b: Any) -> Any:
        return a @ b

    def write_product(self, target: Any, a: Any, b: Any) -> None:
        np.matmul(a, b, out=target)

    def diagonal(self, square: Any) -> Any:
        return np.einsum("...ii->...i", square[..., : square.shape[-2]])

    def subtract_product(self, target: Any, tall: Any, flat: Any) -> None:
        if target.strides[-1] != target.itemsize:
            target, tall, flat = target.mT, flat.mT, tall.mT
        rows = max(1, STRIP // max(1, flat.size // flat.shape[-2]))
        for start in range(0, tall.shape[-2], rows):
            target[..., start : start + rows, :] -= tall[..., start : start + rows, :] @ flat


def _squares(rows: Any) -> Any:
    """Sums of squares, in pairs: rounding there would be the largest error of a large matrix."""
    if rows.dtype.kind == "c":
        return _squares(rows.real) + _squares(rows.imag)
    return np.sum(np.square(rows), axis=-1)
