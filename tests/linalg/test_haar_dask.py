"""Haar matrices in Dask: lazy, in stacks, and a matrix is never cut while it is made."""

from __future__ import annotations

import numpy as np
import pytest

from agnostic_init.linalg import haar_matrices

dask_array = pytest.importorskip("dask.array")


def test_chunks_do_not_change_the_values():
    expected = haar_matrices((6, 4, 5, 3), key=2)
    for chunks in ((6, 4, 5, 3), (1, 2, 5, 3), (4, 3, 2, 2)):
        like = dask_array.zeros((6, 4, 5, 3), chunks=chunks, dtype="float32")
        made = haar_matrices((6, 4, 5, 3), key=2, like=like)
        assert made.chunks == like.chunks
        np.testing.assert_allclose(made.compute(), expected, atol=1e-6)


def test_nothing_is_computed_before_it_is_asked_for():
    made = haar_matrices((100, 200_000, 200_000), key=0, xp=dask_array)
    assert made.shape == (100, 200_000, 200_000)
