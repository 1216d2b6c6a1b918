"""What the values of a tensor look like, of pieces that are seen once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from agnostic_init.arrays.dtypes import DTYPES
from agnostic_init.arrays.target import backend
from agnostic_init.bits.block import block
from agnostic_init.fingerprints.arrays import of_host
from agnostic_init.fingerprints.value import NONE, Fingerprint

__all__ = ["Statistics", "decoder", "statistics_of"]

CHUNK = 1 << 18  # elements, which stay in cache with what is computed of them
MOST_COLUMNS = 1024  # of a matrix whose products are looked at
MOST_ELEMENTS = 1 << 22


@dataclass(frozen=True, slots=True)
class Statistics:
    """What a tensor holds.

    Attributes
    ----------
    name, dtype, shape
        Of the tensor.
    mean, std, kurtosis
        Of its finite values; kurtosis is 3 for a normal distribution, and None where std is 0 or the
        tensor complex.
    least, largest
        Of its finite values; of a complex tensor, of all parts.
    zeros, nans, infinities, subnormals
        How many elements; of a complex tensor, parts.
    constant_rows
        Rows along the first axis whose elements are all equal; None for one axis or rows of one.
    orthogonality
        How far the products of a matrix's rows, or columns if these are fewer, are from those of
        orthonormal ones times a gain; None for what is no matrix, or a large one.
    fingerprint
        Of the values.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    mean: complex | None
    std: float | None
    kurtosis: float | None
    least: float | None
    largest: float | None
    zeros: int
    nans: int
    infinities: int
    subnormals: int
    constant_rows: int | None
    orthogonality: float | None
    fingerprint: Fingerprint

    @property
    def elements(self) -> int:
        """Of the tensor."""
        return math.prod(self.shape)


class _Moments:
    """Sums of powers about a value near the mean, which lose nothing where that is far from 0."""

    def __init__(self) -> None:
        self.about: float | None = None
        self.count = self.zeros = self.nans = self.infinities = self.subnormals = 0
        self.sums = np.zeros(4)
        self.least, self.largest = math.inf, -math.inf

    def add(self, values: Any, smallest: float) -> None:
        finite = np.isfinite(values)
        if not finite.all():
            nans = int(np.isnan(values).sum())
            self.nans += nans
            self.infinities += values.size - int(finite.sum()) - nans
            values = values[finite]
        if not values.size:
            return
        x = values.astype(np.float64)
        if self.about is None:
            self.about = float(x.mean())
        self.count += x.size
        self.least = min(self.least, float(x.min()))
        self.largest = max(self.largest, float(x.max()))
        size = np.abs(x)
        zeros = x.size - int(np.count_nonzero(x))
        self.zeros += zeros
        self.subnormals += int((size < smallest).sum()) - zeros
        x -= self.about
        square = x * x
        self.sums += (x.sum(), square.sum(), (square * x).sum(), (square * square).sum())

    def told(self) -> tuple[float | None, float | None, float | None]:
        """Mean, variance and kurtosis."""
        if not self.count or self.about is None:
            return None, None, None
        a, b, c, d = (float(each) / self.count for each in self.sums)
        variance = max(0.0, b - a * a)
        if self.least == self.largest:
            return self.least, 0.0, None
        fourth = d - 4 * a * c + 6 * a * a * b - 3 * a**4
        kurtosis = fourth / variance**2 if variance**2 > 0 else None
        return self.about + a, variance, kurtosis


def statistics_of(
    name: str, dtype: str, shape: tuple[int, ...], pieces: Iterable[tuple[Any, Any]]
) -> Statistics:
    """Look at a tensor's pieces, as `Checkpoint.pieces` gives them: indices and stored values."""
    row = DTYPES[dtype]
    decoded = decoder(dtype)
    smallest = 2.0**row.min_exponent if row.kind in ("float", "complex") else 0.0
    moments = [_Moments() for _ in range(row.parts)]
    total, rows, whole_rows = NONE, 0, len(shape) > 1 and math.prod(shape[1:]) > 1
    kept: list[Any] = []
    keep = len(shape) == 2 and min(shape) <= MOST_COLUMNS and math.prod(shape) <= MOST_ELEMENTS
    for index, data in pieces:
        part = block(shape, index)
        total += of_host(data, part)
        if not data.size:
            continue
        if whole_rows and part.counts[1:] == shape[1:]:
            flat = data.reshape(data.shape[0], -1)
            rows += int((flat == flat[:, :1]).all(axis=1).sum())
        elif whole_rows:
            whole_rows = False
        line = data.reshape(-1)
        for start in range(0, line.size, CHUNK):
            values = decoded(line[start : start + CHUNK])
            if row.is_complex:
                for each, of in zip((values.real, values.imag), moments, strict=True):
                    of.add(each, smallest)
            else:
                moments[0].add(values, smallest)
        if keep:
            kept.append(decoded(line).reshape(part.shape))
    told = [each.told() for each in moments]
    mean, std, kurtosis = _together(told)
    finite = not any(each.nans or each.infinities for each in moments)
    matrix = np.concatenate(kept) if kept and finite and row.kind in ("float", "complex") else None
    return Statistics(
        name,
        dtype,
        shape,
        mean,
        std,
        kurtosis,
        min((each.least for each in moments if each.count), default=None),
        max((each.largest for each in moments if each.count), default=None),
        sum(each.zeros for each in moments),
        sum(each.nans for each in moments),
        sum(each.infinities for each in moments),
        sum(each.subnormals for each in moments),
        rows if whole_rows else None,
        None if matrix is None else _orthogonality(matrix),
        total,
    )


def decoder(dtype: str) -> Callable[[Any], Any]:
    """What makes numbers that NumPy computes with of stored ones."""
    if dtype == "bfloat16":
        return lambda stored: (stored.astype(np.uint32) << 16).view(np.float32)
    numbers = backend("numpy").dtype(dtype)
    if numbers.kind in "fiuc":
        return lambda stored: stored.view(numbers)
    return lambda stored: stored.view(numbers).astype(np.float32)


def _together(told: list[Any]) -> tuple[complex | None, float | None, float | None]:
    mean, variance, kurtosis = told[0]
    if mean is None:
        return None, None, None
    if len(told) == 1:
        return mean, math.sqrt(variance), kurtosis
    other, its, _ = told[1]
    if other is None:
        return None, None, None
    return complex(mean, other), math.sqrt(variance + its), None


def _orthogonality(matrix: Any) -> float | None:
    # In the matrix's own precision, which is enough to see by how far it is none.
    x = matrix if matrix.dtype.itemsize > 2 else matrix.astype(np.float32)
    largest = np.abs(x).max()
    if not largest:
        return None
    x = x / largest
    x = x if x.shape[0] <= x.shape[1] else x.T
    gram = x @ x.conj().T
    gain = float(np.trace(gram).real) / max(1, len(gram))
    gram /= gain
    gram[np.diag_indices(len(gram))] -= 1
    return float(np.abs(gram).max())
