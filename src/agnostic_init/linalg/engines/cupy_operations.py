"""What assembly on a GPU does, in those functions of CuPy that NumPy has too.

CuPy copies what it multiplies wherever that is not contiguous, and adds products in a second step.
So a large array is taken in strips, as they lie in memory.
"""

from __future__ import annotations

from typing import Any

__all__ = ["Operations"]

STRIP = 1 << 23  # elements of each of two copies


class Operations:
    """For arrays of a dtype, in a namespace of NumPy's functions."""

    def __init__(self, xp: Any, dtype: Any) -> None:
        self.xp, self.dtype = xp, dtype
        self.real = xp.finfo(dtype).dtype

    def empty(self, size: int, real: bool = False) -> Any:
        return self.xp.empty(size, self.real if real else self.dtype)  # no device: the current one

    def view(self, array: Any, offset: int, shape: Any, strides: Any) -> Any:
        strided, size = self.xp.lib.stride_tricks.as_strided, array.itemsize
        if offset:
            array = strided(array, (offset + 1,), (size,))[offset:]
        return strided(array, shape, tuple(step * size for step in strides))

    def strides(self, array: Any) -> tuple[int, ...]:
        return tuple(step // array.itemsize for step in array.strides)

    def fill(self, array: Any, value: float) -> None:
        array[...] = value

    def copy(self, target: Any, array: Any) -> None:
        target[...] = array

    def keep_upper(self, square: Any) -> None:
        square *= self.xp.tri(square.shape[-1], dtype=self.real).T

    def norms(self, rows: Any) -> Any:
        return self.xp.linalg.norm(rows, axis=-1)

    def phases(self, numbers: Any) -> Any:
        return numbers / self.xp.abs(numbers)

    def conjugate(self, array: Any) -> Any:
        return array.conj() if array.dtype.kind == "c" else array

    def multiply(self, a: Any, number: float, out: Any) -> None:
        self.xp.multiply(a, number, out=out)

    def add_multiplied(self, target: Any, a: Any, b: Any) -> None:
        target += a * b

    def products(self, a: Any, b: Any, out: Any = None) -> Any:
        return self.xp.matmul(a, b, out=out)

    def add_products(self, rows: Any, flat: Any, vectors: Any) -> None:
        if len(rows) == 1:  # products of two axes are copied less
            rows, flat, vectors = rows[0], flat[0], vectors[0]
        each = max(1, STRIP // (rows.size // rows.shape[-2]))
        matmul, starts = self.xp.matmul, range(0, rows.shape[-2], each)
        if rows.strides[-1] <= rows.strides[-2]:
            flat = flat.swapaxes(-1, -2)
            for start in starts:
                part = rows[..., start : start + each, :]
                part += matmul(matmul(part, flat), vectors)
        else:
            columns, vectors = rows.swapaxes(-1, -2), vectors.swapaxes(-1, -2)
            for start in starts:
                part = columns[..., start : start + each]
                part += matmul(vectors, matmul(flat, part))
