"""Philox against the vectors of those who made it, on every library."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from agnostic_init.arrays.target import backend as library_named
from agnostic_init.bits.philox import philox, philox_block
from agnostic_init.draws.engines.generic import arithmetic_of

VECTORS = [
    [int(word, 16) for word in line.split()]
    for line in (Path(__file__).parent.parent / "data/philox4x32_10.txt").read_text().splitlines()
    if not line.startswith("#")
]


def test_there_are_the_three_published_vectors():
    assert len(VECTORS) == 3
    assert all(len(row) == 10 for row in VECTORS)


@pytest.mark.parametrize("row", VECTORS)
def test_the_scalar_block(row):
    assert list(philox_block(tuple(row[:4]), tuple(row[4:6]))) == row[6:]


@pytest.mark.parametrize("row", VECTORS)
def test_the_array_function(backend, row):
    if backend.name == "dask":
        pytest.skip("Dask computes its chunks with NumPy's arithmetic")
    library = library_named("array_api_strict" if backend.name == "strict" else backend.name)
    arithmetic = arithmetic_of(library, library.device(None))
    counter = [arithmetic.constant(word) for word in row[:4]]
    words = philox(arithmetic, counter, row[4], row[5])
    assert [int(np.asarray(backend.to_numpy(word)).reshape(())) for word in words] == row[6:]
