"""NumPy, where there is no compiled library: panels in place, their update in strips that stay in cache."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from agnostic_init.bits.block import pieces
from agnostic_init.bits.key import Key
from agnostic_init.draws.engines import host
from agnostic_init.draws.engines.storage import store
from agnostic_init.linalg.haar import Haar
from agnostic_init.linalg.reflectors import block_factor, panels, width_of_panels

__all__ = ["fill"]

STACK = 1 << 19  # elements of matrices that are made together, or whose normals are drawn at once
STRIP = 1 << 18  # elements of the temporary of an update
MOST = 128  # vectors a panel
LEAST, LEAST_OF_BATCH = 64, 16  # a single small matrix is all calls, a batch is arithmetic too


def fill(haar: Haar, key: Key, out: Any) -> None:
    """Write into an array of the dtype's storage, of any strides."""
    if haar.compute != haar.dtype or not _has_rows(out):
        made = np.empty(out.shape, haar.compute)
        fill(replace(haar, dtype=haar.compute), key, made)
        store(haar.dtype, made, out)
        return
    with np.errstate(all="ignore"):
        for index in pieces(haar.batch, max(1, STACK // (haar.rows * haar.columns))):
            some = out[index]
            _assemble(haar, _normals(haar.part(index), key), some.mT if haar.wide else some)


def _normals(haar: Haar, key: Key) -> Callable[[int, int], Any]:
    """Those of the vectors of a panel, which may be overwritten; drawn before all panels, or with each."""
    if haar.size > STACK:
        return lambda start, stop: host.new(haar.draw, key, haar.normals(start, stop))
    drawn = host.new(haar.draw, key, haar.normals())
    return lambda start, stop: drawn[..., start:stop, start:]


def _has_rows(out: Any) -> bool:
    """Whether BLAS can write the matrices: rows or columns of consecutive elements."""
    down, across = out.strides[-2:]
    return bool(min(down, across) == out.itemsize and max(down, across) >= out.itemsize)


def _assemble(haar: Haar, normals: Callable[[int, int], Any], out: Any) -> None:
    """Write the tall matrices, panel by panel, as `reference.assemble` does; takes little memory."""
    width = width_of_panels(haar.short, MOST, LEAST_OF_BATCH if haar.batch else LEAST)
    determinant = None
    for start, stop in panels(haar.short, width):
        vectors, phases, factor = _reflectors(normals(start, stop))
        head, tail = vectors[..., : stop - start], vectors[..., stop - start :]
        scale = phases * -haar.gain
        if stop < haar.short:
            rest = out[..., stop:, stop:]
            flat = factor @ (_conjugate(tail) @ rest)
            np.matmul(-head.mT, flat, out=out[..., start:stop, stop:])
            _subtract_product(rest, tail.mT, flat)
            del flat
        own = factor @ (_conjugate(head) * -scale[..., None, :])
        np.matmul(vectors.mT, own, out=out[..., start:, start:stop])
        diagonal = _diagonal(out[..., start:stop, start:stop])
        diagonal += scale
        if haar.special:
            product = phases.prod(-1)
            determinant = product if determinant is None else determinant * product
        del vectors, head, tail, own, factor  # before the next panel is drawn
    if determinant is not None:
        out[..., -1] *= _conjugate(determinant)[..., None]


def _reflectors(rows: Any) -> tuple[Any, Any, Any]:
    """The reflectors of vectors that begin on the diagonal, their phases, and ``T``."""
    width = rows.shape[-2]
    rows[..., :width] = np.triu(rows[..., :width])
    diagonal = _diagonal(rows[..., :width])
    first = np.abs(diagonal)
    norm = np.linalg.norm(rows, axis=-1)
    phases = np.sign(diagonal)  # no normal number of the stream is zero, so each has one
    diagonal += phases * norm
    rows *= (1.0 / np.sqrt(norm * (norm + first)))[..., None]
    return rows, phases, block_factor(np, rows, _squares(rows) / 2)


def _subtract_product(target: Any, tall: Any, flat: Any) -> None:
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


def _conjugate(array: Any) -> Any:
    return array.conj() if array.dtype.kind == "c" else array


def _diagonal(square: Any) -> Any:
    return np.einsum("...ii->...i", square)
