"""The same matrices on a GPU: few kernels, in the result's own memory, and the host never waits.

Starting a kernel costs as much there as millions of operations. So of all panels of a section the
reflectors and block factors are made at once, and each panel then costs two products. With ``R``
for the rows that shall be orthonormal, which begin as ``diag(-gain s)``, and ``X`` for the vectors
of a panel as rows, these are

``R <- R + (R Z^T) X,    Z = -T conj(X)``.

A section is as many panels as the workspace holds: all of them, but for large matrices.
"""

from __future__ import annotations

import functools
import importlib
import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

from agnostic_init.arrays.library import Library
from agnostic_init.bits.block import block, pieces
from agnostic_init.bits.key import Key
from agnostic_init.draws.make import fill as fill_draw
from agnostic_init.linalg.engines.blocking import WORKSPACE, blocking
from agnostic_init.linalg.haar import Haar
from agnostic_init.linalg.reflectors import panels

__all__ = ["DrawInto", "Operations", "assemble", "fill_several", "of_key", "of_keys", "together"]

# Writes normals: the part of the batch, and of the vectors the first and one past the last.
DrawInto = Callable[[tuple[slice, ...], int, int, Any], None]


class Operations(Protocol):
    """What a library does, in one kernel where it can. Arrays have one axis of batch."""

    def empty(self, size: int, real: bool = False) -> Any:
        """A new array of one axis."""

    def view(self, array: Any, offset: int, shape: Any, strides: Any) -> Any:
        """A view that begins some elements into the array, of strides in elements."""

    def strides(self, array: Any) -> tuple[int, ...]:
        """The strides, in elements."""

    def fill(self, array: Any, value: float) -> None:
        """Set all elements."""

    def copy(self, target: Any, array: Any) -> None:
        """Set the elements to those of another array."""

    def keep_upper(self, square: Any) -> None:
        """Set what is below the diagonal to zero."""

    def norms(self, rows: Any) -> Any:
        """The norms of the rows."""

    def phases(self, numbers: Any) -> Any:
        """Numbers over their moduli, none of which is zero."""

    def conjugate(self, array: Any) -> Any:
        """The complex conjugate."""

    def multiply(self, a: Any, number: float, out: Any) -> None:
        """``out = a * number``."""

    def add_multiplied(self, target: Any, a: Any, b: Any) -> None:
        """``target += a * b``."""

    def products(self, a: Any, b: Any, out: Any = None) -> Any:
        """The matrix products of a batch."""

    def add_products(self, rows: Any, flat: Any, vectors: Any) -> None:
        """``rows += (rows @ flat^T) @ vectors``, for large arrays of rows."""


def together(haar: Haar) -> int:
    """How many equal matrices fit the workspace, where they take as much as each of its two parts."""
    return max(1, WORKSPACE // (2 * haar.size))


def fill_several(haar: Haar, keys: Sequence[Key], outs: Sequence[Any], library: Library) -> None:
    """Write the matrices of every key into arrays of any strides, on one device."""
    engine = importlib.import_module(f"agnostic_init.linalg.engines.{library.name}")
    device = library.device_of(outs[0])
    with library.full_precision(device):
        if len(keys) == 1 and haar.compute == haar.dtype:
            engine.fill(haar, of_key(haar, keys[0], library), outs[0])
            return
        group = replace(haar, batch=(len(keys), *haar.batch), dtype=haar.compute, within=None)
        made = library.empty(group.shape, group.dtype, device)
        engine.fill(group, of_keys(haar, keys, library), made)
    for out, one in zip(outs, made, strict=True):
        library.write(out, one)


def of_key(haar: Haar, key: Key, library: Library) -> DrawInto:
    """The normals of one key."""

    def drawn(part: tuple[slice, ...], start: int, stop: int, out: Any) -> None:
        fill_draw(haar.draw, key, haar.part(part).normals(start, stop), out, library)

    return drawn


def of_keys(haar: Haar, keys: Sequence[Key], library: Library) -> DrawInto:
    """Those of equal matrices of several keys, one key for each place of the first axis."""

    def drawn(part: tuple[slice, ...], start: int, stop: int, out: Any) -> None:
        normals = haar.part(part[1:]).normals(start, stop)
        for key, one in zip(keys[part[0]], out, strict=True):
            fill_draw(haar.draw, key, normals, one, library)

    return drawn


def assemble(do: Operations, haar: Haar, draw: DrawInto, out: Any) -> None:
    """Write the matrices into an array of the dtype that is computed in, of any strides."""
    if not haar.size:
        return
    strides = do.strides(out)
    line, across = strides[-2:] if haar.wide else strides[:-3:-1]
    if haar.short == 1:  # there is no second line, and its stride means nothing
        line = haar.long if across == 1 else 1
    apart = max(line, across) >= (haar.long if across == 1 else haar.short)
    step = _batch_step(haar.batch, strides[:-2])
    if min(line, across) != 1 or not apart or step is None or step < 0:
        # BLAS cannot write it.
        strides = (*_batch_strides(haar.batch, haar.rows * haar.columns), haar.columns, 1)
        buffer = do.view(do.empty(haar.size), 0, haar.shape, strides)
        assemble(do, haar, draw, buffer)
        do.copy(out, buffer)
        return
    for piece in pieces(haar.batch, max(1, WORKSPACE // 2 // (haar.rows * haar.columns))):
        part = block(haar.batch, piece)
        some = replace(haar, batch=part.counts, within=None)
        offset = sum(start * one for start, one in zip(part.starts, strides[:-2], strict=True))
        shape = math.prod(part.counts), haar.short, haar.long
        step = _batch_step(part.counts, strides[:-2])
        rows = do.view(out, offset, shape, (step, line, across))
        _assemble(do, some, functools.partial(draw, part.as_index), rows)


def _assemble(do: Operations, haar: Haar, draw: Any, rows: Any) -> None:
    batch = rows.shape[0]
    step, line, across = do.strides(rows)
    blocks = blocking(haar)
    width = blocks.width
    most = batch * blocks.padded(min(blocks.height, haar.short)) * haar.long
    store, flat_store = do.empty(most), do.empty(most)
    do.fill(rows, 0.0)
    determinant = None
    for start, stop in panels(haar.short, blocks.height):
        count, length = stop - start, haar.long - start
        padded = blocks.padded(count)
        each = padded * length
        strides = (*_batch_strides(haar.batch, each), length, 1)
        draw(start, stop, do.view(store, 0, (*haar.batch, count, length), strides))
        vectors = do.view(store, 0, (batch, count, length), (each, length, 1))
        phases, weights = _reflectors(do, vectors, padded)
        each_panel = (batch * padded // width, width, length), (width * length, length, 1)
        _flat(do, do.view(store, 0, *each_panel), weights, do.view(flat_store, 0, *each_panel))
        corner = start * (line + across)
        diagonal = do.view(rows, corner, (batch, count), (step, line + across))
        do.multiply(phases, -haar.gain, diagonal)
        for first in range(padded - width, -1, -width):
            panel = (batch, width, length - first), (each, length, 1)
            rest = batch, haar.short - start - first, length - first
            do.add_products(
                do.view(rows, corner + first * (line + across), rest, (step, line, across)),
                do.view(flat_store, first * (length + 1), *panel),
                do.view(store, first * (length + 1), *panel),
            )
        if haar.special:
            product = phases.prod(-1)
            determinant = product if determinant is None else determinant * product
    if determinant is not None:
        last = do.view(rows, (haar.short - 1) * line, (batch, haar.long), (step, across))
        last *= do.conjugate(determinant).reshape(batch, 1)


def _reflectors(do: Operations, vectors: Any, padded: int) -> tuple[Any, Any]:
    """Make ``v = x + s |x| e_0`` of the normals; the phases ``s``, and ``-2 / |v|^2``.

    After them there is memory for as many vectors as fill whole panels. Those are made zero.
    """
    batch, count, length = vectors.shape
    each, line, _ = strides = do.strides(vectors)
    do.keep_upper(do.view(vectors, 0, (batch, count, count), strides))
    diagonal = do.view(vectors, 0, (batch, count), (each, line + 1))
    phases = do.phases(diagonal)
    do.add_multiplied(diagonal, phases, do.norms(vectors))
    norms = do.norms(vectors)
    if padded > count:
        rest = do.view(vectors, count * line, (batch, padded - count, length), strides)
        do.fill(rest, 0.0)
        some, norms = norms, do.empty(batch * padded, real=True)
        do.fill(norms, 1.0)
        do.multiply(some, 1.0, do.view(norms, 0, (batch, count), (padded, 1)))
    weights = norms**-2
    weights *= -2.0
    return phases, weights


def _flat(do: Operations, vectors: Any, weights: Any, out: Any) -> None:
    """Write ``-T conj(X)`` of every panel, with the ``T`` of `panels.block_factor`.

    Each factor has a line of padding, so that the squares along the diagonals of all of them, of
    any size, are evenly spaced, and their products one batch.
    """
    panels, width, _ = vectors.shape
    store = do.empty(panels * (width + 1) * width)
    factors = do.view(store, 0, (panels, width, width), ((width + 1) * width, width, 1))
    conjugates = do.conjugate(vectors)
    do.products(conjugates, vectors.swapaxes(1, 2), factors)
    factors *= weights.reshape(panels, width, 1)
    do.keep_upper(factors)
    do.fill(do.view(store, 0, (panels, width), ((width + 1) * width, width + 1)), 1.0)
    half = 2  # the corner of a square of two needs no product
    while half < width:
        squares = panels * width // (2 * half), half, half
        strides = 2 * half * (width + 1), width, 1
        first, corner, second = (
            do.view(store, place, squares, strides) for place in (0, half, half * (width + 1))
        )
        do.products(do.products(first, corner), second, corner)
        half *= 2
    factors *= weights.reshape(panels, 1, width)
    do.products(factors, conjugates, out)


def _batch_strides(batch: tuple[int, ...], each: int) -> list[int]:
    """The strides of a batch of which each matrix takes so many elements."""
    return [each * math.prod(batch[axis:]) for axis in range(1, len(batch) + 1)]


def _batch_step(batch: tuple[int, ...], strides: tuple[int, ...]) -> int | None:
    """The step from each matrix of a batch to the next, if there is one."""
    axes = [(n, step) for n, step in zip(batch, strides, strict=True) if n > 1]
    if any(outer != n * step for (_, outer), (n, step) in itertools.pairwise(axes)):
        return None
    return axes[-1][1] if axes else 0
