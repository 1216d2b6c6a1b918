"""torch: panels in place with fused updates; LAPACK's product of reflectors where that is faster."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from agnostic_init.arrays.libraries.torch_precision import full_precision, without_autocast
from agnostic_init.arrays.libraries.torch_shards import is_sharded
from agnostic_init.arrays.libraries.torch_tracing import constant, has_memory, has_values, recording
from agnostic_init.arrays.library import Library
from agnostic_init.arrays.target import Target, backend
from agnostic_init.bits.key import Key
from agnostic_init.linalg import source
from agnostic_init.linalg.executors import numpy, torch_device
from agnostic_init.linalg.haar import Haar
from agnostic_init.linalg.in_place import assemble_in_place
from agnostic_init.linalg.panels import width_of_panels

__all__ = ["fill", "make", "make_drawn"]

FACTORED = 256  # up to this, one matrix is left to LAPACK
MOST = 128  # vectors a panel


def make(haar: Haar, key: Key, target: Target) -> Any:
    """New matrices; of the meta device, ones without values."""
    library = target.library
    if recording() and torch.device(target.device).type != "meta":
        out = _constant(haar, key, library.dtype(haar.compute), target.device)
    else:
        out = torch.empty(haar.shape, dtype=library.dtype(haar.compute), device=target.device)
        fill(haar, key, out, library)
    return out if haar.compute == haar.dtype else library.cast(out, haar.dtype)


def fill(haar: Haar, key: Key, out: Any, library: Library) -> None:
    """Write into a tensor of the dtype that is computed in, of any strides."""
    if not has_values(out) or not out.numel():
        return
    if is_sharded(out):
        library.write(out, make(haar, key, Target(library, haar.compute, out.device)))
        return
    if recording() or not has_memory(out):
        library.write(out, _constant(haar, key, out.dtype, out.device))
        return
    out = out.detach()
    if out.device.type == "cuda":
        torch_device.fill(haar, source.into_of_key(haar, key, library), out)
        return
    tall = out.mT if haar.wide else out
    target = Target(library, haar.compute, out.device)
    if out.device.type == "cpu" and not haar.batch and haar.short <= FACTORED:
        with torch.no_grad(), without_autocast("cpu"):
            _from_lapack(haar, haar.draw(key, 0, haar.short, target), tall)
        return
    with torch.no_grad(), full_precision(out.device):
        for index, place in _stacks(haar, out.device):
            some = tall[index]
            _assemble(haar, source.of_key(haar, key, target, place, some.numel()), some)


def make_drawn(haar: Haar, draw: source.Into, target: Target) -> Any:
    """New matrices, of normals that something else draws."""
    dtype = target.library.dtype(haar.compute)
    out = torch.empty(haar.shape, dtype=dtype, device=target.device)
    if out.device.type == "meta" or not out.numel():
        return out
    if out.device.type == "cuda":
        torch_device.fill(haar, draw, out)
        return out
    with torch.no_grad(), full_precision(out.device):
        normals = torch.empty((*haar.batch, haar.short, haar.long), dtype=dtype, device=out.device)
        draw((), 0, haar.short, normals)
        tall = out.mT if haar.wide else out
        for index, _ in _stacks(haar, out.device):
            _assemble(haar, source.of_normals(normals[index]), tall[index])
    return out


def _constant(haar: Haar, key: Key, dtype: Any, device: Any) -> Any:
    """Matrices that NumPy has made, by an operation that every trace knows."""
    made = numpy.make(
        replace(haar, dtype=haar.compute), key, Target(backend("numpy"), haar.compute, None)
    )
    return constant(made, dtype, device)


def _stacks(haar: Haar, device: Any) -> Any:
    return haar.stacks() if device.type == "cpu" else [((...,), ())]


def _assemble(haar: Haar, normals: source.Source, tall: Any) -> None:
    assemble_in_place(_Operations(normals), haar, tall, width_of_panels(haar.short, MOST))


def _from_lapack(haar: Haar, rows: Any, out: Any) -> None:
    diagonal, first, norm, phases = _measured(rows)
    rows /= norm.add_(first).mul(phases).unsqueeze(-1)
    diagonal.fill_(1.0)
    tau = _squares(rows).reciprocal_().mul_(2.0).to(rows.dtype)
    scale = phases * -haar.gain
    if haar.special:
        scale[..., -1] *= phases.prod(-1).conj()
    torch.mul(torch.linalg.householder_product(rows.mT, tau), scale.unsqueeze(-2), out=out)


class _Operations:
    def __init__(self, normals: source.Source) -> None:
        self.normals = normals

    def reflectors(self, start: int, stop: int) -> tuple[Any, Any, Any]:
        rows = self.normals(start, stop)
        diagonal, first, norm, phases = _measured(rows)
        diagonal += phases * norm
        rows *= (1.0 / torch.sqrt(norm * (norm + first)))[..., None]
        triangle = self.product(self.conjugate(rows), rows.mT)
        self.diagonal(triangle).copy_(_squares(rows) / 2.0)
        return rows, phases, triangle

    def solved(self, triangle: Any, array: Any) -> Any:
        return torch.linalg.solve_triangular(triangle, array, upper=True)

    def conjugate(self, array: Any) -> Any:
        return array.conj()

    def product(self, a: Any, b: Any) -> Any:
        return torch.matmul(a, b)

    def write_product(self, target: Any, a: Any, b: Any) -> None:
        target.copy_(torch.matmul(a, b))

    def diagonal(self, square: Any) -> Any:
        return torch.diagonal(square, dim1=-2, dim2=-1)

    def subtract_product(self, target: Any, tall: Any, flat: Any) -> None:
        if target.ndim == 2:
            target.addmm_(tall, flat, alpha=-1)
        elif target.ndim == 3:
            target.baddbmm_(tall, flat, alpha=-1)
        else:
            target -= tall @ flat


def _measured(rows: Any) -> tuple[Any, Any, Any, Any]:
    """Zero what is before each vector; the diagonal as a view, its moduli, the norms, the phases.

    No normal number of the stream is zero, so each has a phase.
    """
    head = rows[..., : rows.shape[-2]]
    head.triu_()
    diagonal = torch.diagonal(head, dim1=-2, dim2=-1)
    first = diagonal.abs()
    norm = torch.linalg.vector_norm(rows, dim=-1)
    return diagonal, first, norm, torch.sgn(diagonal)


def _squares(rows: Any) -> Any:
    """Sums of squares, which torch adds in a cascade that keeps the rounding small."""
    parts = torch.view_as_real(rows).flatten(-2) if rows.is_complex() else rows
    return (parts * parts).sum(-1)
