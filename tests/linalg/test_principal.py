"""PiSSA: the principal part of a weight as a pair, and the rest."""

from __future__ import annotations

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.linalg import pissa


@pytest.mark.parametrize("shape", [(12, 8), (8, 12), (2, 6, 6)], ids=str)
def test_the_pair_has_the_largest_singular_values(backend, xp, shape):
    if backend.name == "dask":
        pytest.skip("its arrays have no values yet")
    w = ai.normal()(shape, key=0, xp=xp)
    a, b, residual = (backend.to_numpy(each) for each in pissa(w, 3, scaling=2.0))
    whole = backend.to_numpy(w)
    np.testing.assert_allclose(residual + 2.0 * b @ a, whole, atol=2e-6)
    values = np.linalg.svd(whole, compute_uv=False)
    left = np.linalg.svd(residual, compute_uv=False)
    np.testing.assert_allclose(left[..., : values.shape[-1] - 3], values[..., 3:], atol=1e-5)
    np.testing.assert_allclose(
        np.linalg.svd(2.0 * b @ a, compute_uv=False)[..., :3], values[..., :3], rtol=1e-5
    )
    # Both have the same share, whichever library it is.
    np.testing.assert_allclose(np.swapaxes(b, -1, -2) @ b, a @ np.swapaxes(a, -1, -2), atol=1e-5)
    of_numpy = pissa(ai.normal()(shape, key=0), 3, scaling=2.0)
    np.testing.assert_allclose(a, of_numpy.a, atol=2e-5)
    np.testing.assert_allclose(b, of_numpy.b, atol=2e-5)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_dtypes_of_torch(dtype):
    torch = pytest.importorskip("torch")
    w = ai.normal()((6, 5), key=0, xp=torch, dtype=dtype).requires_grad_()
    found = pissa(w, 2)
    assert {each.dtype for each in found} == {getattr(torch, dtype)}
    assert not any(each.requires_grad for each in found)
    tolerance = {"float16": 4e-3, "bfloat16": 4e-2, "float64": 1e-12}[dtype]
    back = found.residual.double() + found.b.double() @ found.a.double()
    torch.testing.assert_close(back, w.detach().double(), rtol=0, atol=tolerance)


def test_a_rank_of_all_leaves_nothing():
    w = ai.normal()((4, 3), key=0)
    assert abs(pissa(w, 3).residual).max() < 1e-6


W = np.ones((4, 3), np.float32)
BAD = {
    "rank 0": (lambda: pissa(W, 0), ValueError, "`rank` must be positive"),
    "rank 4": (lambda: pissa(W, 4), ValueError, "`rank` must be at most 3, of this weight, got 4"),
    "vector": (lambda: pissa(W[0], 1), ValueError, "`weight` must be a matrix of real floats"),
    "integers": (lambda: pissa(W.astype(int), 1), ValueError, "`weight` must be a matrix of real"),
    "complex": (lambda: pissa(W * 1j, 1), ValueError, "`weight` must be a matrix of real floats"),
    "list": (lambda: pissa([[1.0]], 1), TypeError, "must be an array of a supported library"),
    "scaling": (lambda: pissa(W, 1, scaling=0), ValueError, "`scaling` must be positive"),
    "infinite": (lambda: pissa(W * np.inf, 1), ValueError, "`weight` must be finite"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_call_says_what_is_wrong(name):
    call, error, words = BAD[name]
    with pytest.raises(error, match=words):
        call()


def test_what_has_no_values_is_refused():
    torch = pytest.importorskip("torch")
    with pytest.raises(TypeError, match="`weight` must have values"):
        pissa(torch.empty((4, 3), device="meta"), 1)


def test_dask_is_to_be_computed_first():
    array = pytest.importorskip("dask.array").ones((4, 3))
    with pytest.raises(TypeError, match=r"`weight` must have values.*compute\(\)"):
        pissa(array, 1)
