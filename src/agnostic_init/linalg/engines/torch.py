"""torch on a GPU: kernels in its current stream, none of which is waited for."""

from __future__ import annotations

from typing import Any

import torch

from agnostic_init.linalg.engines import gpu
from agnostic_init.linalg.haar import Haar

__all__ = ["Operations", "fill"]


def fill(haar: Haar, draw: gpu.DrawInto, out: Any) -> None:
    """Write into a tensor of the dtype that is computed in, of any strides."""
    out = out.detach()
    with torch.no_grad():
        gpu.assemble(Operations(out), haar, draw, out)


class Operations:
    """For tensors of the dtype and device of one. None is indexed: views cost the host less."""

    def __init__(self, out: Any) -> None:
        self.dtype, self.device = out.dtype, out.device

    def empty(self, size: int, real: bool = False) -> Any:
        dtype = self.dtype.to_real() if real else self.dtype
        return torch.empty(size, dtype=dtype, device=self.device)

    def view(self, array: Any, offset: int, shape: Any, strides: Any) -> Any:
        return array.as_strided(shape, strides, array.storage_offset() + offset)

    def strides(self, array: Any) -> tuple[int, ...]:
        return tuple(array.stride())

    def fill(self, array: Any, value: float) -> None:
        array.fill_(value)

    def copy(self, target: Any, array: Any) -> None:
        target.copy_(array)

    def keep_upper(self, square: Any) -> None:
        square.triu_()

    def norms(self, rows: Any) -> Any:
        return torch.linalg.vector_norm(rows, dim=-1)

    def phases(self, numbers: Any) -> Any:
        return torch.sgn(numbers)

    def conjugate(self, array: Any) -> Any:
        return array.conj()

    def multiply(self, a: Any, number: float, out: Any) -> None:
        torch.mul(a, number, out=out)

    def add_multiplied(self, target: Any, a: Any, b: Any) -> None:
        target.addcmul_(a, b)

    def products(self, a: Any, b: Any, out: Any = None) -> Any:
        return torch.bmm(a, b, out=out)

    def add_products(self, rows: Any, flat: Any, vectors: Any) -> None:
        if len(rows) > 1:
            rows.baddbmm_(torch.bmm(rows, flat.mT), vectors)
            return
        # Not as a batch of one, so that cuBLAS may split products among the processors.
        rows, flat, vectors = rows.squeeze(0), flat.squeeze(0), vectors.squeeze(0)
        rows.addmm_(torch.mm(rows, flat.mT), vectors)
