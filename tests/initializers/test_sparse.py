"""Sparse weights: so many zeros in each column or row, whoever makes them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import agnostic_init as ai


@pytest.mark.parametrize(("per", "axis"), [("column", -2), ("row", -1)])
@pytest.mark.parametrize("sparsity", [0.0, 0.07, 0.5, 0.9, 1.0])
def test_the_number_of_zeros(backend, per, axis, sparsity):
    init = ai.sparse(sparsity, per=per)
    w = backend.to_numpy(init((2, 100, 30), key=0, xp=backend.xp))
    length = w.shape[axis]
    expected = -(-round(sparsity * 100) * length // 100)
    assert set(np.unique((w == 0).sum(axis=axis))) == {expected}
    np.testing.assert_array_equal(w, init((2, 100, 30), key=0))


def test_the_rest_is_normal_and_the_places_are_uniform():
    w = ai.sparse(0.75, std=0.02)((40, 5000), key=1)
    kept = w[w != 0]
    assert stats.kstest(kept / 0.02, "norm").pvalue > 1e-4
    per_row = (w != 0).sum(axis=1)
    expected = 5000 * 0.25
    chi = ((per_row - expected) ** 2).sum() / (expected * 0.75) * 39 / 40
    assert stats.chi2.sf(chi, 39) > 1e-4
    together = ((w[0] != 0) & (w[1] != 0)).mean()
    assert together == pytest.approx(0.25 * 9 / 39, abs=0.03)


def test_blocks_fill_and_dtypes(backend):
    init = ai.sparse(0.5, std=1.0)
    whole = init((8, 6), key=2)
    index = (slice(1, 7, 2), slice(None, None, -1))
    made = init((8, 6), key=2, index=index, xp=backend.xp)
    np.testing.assert_array_equal(backend.to_numpy(made), whole[index])
    if backend.name in ("numpy", "torch"):
        out = backend.xp.zeros((6, 8)).T
        if backend.name == "numpy":
            out = out.astype(np.float32)
        init.fill(out, key=2)
        np.testing.assert_array_equal(backend.to_numpy(out), whole)
    double = init((8, 6), key=2, dtype="complex64", xp=backend.xp)
    np.testing.assert_array_equal(backend.to_numpy(double) == 0, whole == 0)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float8_e5m2"])
def test_small_floats_are_the_float32_rounded(dtype):
    pytest.importorskip("ml_dtypes")
    single = ai.sparse(0.5, std=1.0)((8, 6), key=2)
    small = ai.sparse(0.5, std=1.0)((8, 6), key=2, dtype=dtype)
    np.testing.assert_array_equal(small.astype("float32"), single.astype(small.dtype).astype("f4"))


def test_it_is_a_value():
    init = ai.sparse(0.8, per="row")
    assert init == ai.get(init.to_dict())
    assert not init.elementwise
    assert init.describe((10, 10)).std == pytest.approx(0.01 * 0.2**0.5)
    assert init((0, 4), key=0).shape == (0, 4)


def test_jit():
    jax = pytest.importorskip("jax")
    made = jax.jit(lambda: ai.sparse(0.5)((8, 6), key=2, xp=jax.numpy))()
    np.testing.assert_array_equal(made, ai.sparse(0.5)((8, 6), key=2))


@pytest.mark.parametrize("index", [(slice(None, None, -1),) * 2, (slice(None), slice(5, 0, -2))])
def test_blocks_of_eight_bits_run_backwards_in_torch(index):
    torch = pytest.importorskip("torch")
    init, dtype = ai.sparse(0.5, std=1.0), torch.float8_e4m3fn
    whole = init((8, 6), key=2, xp=torch, dtype=dtype)
    part = init((8, 6), key=2, xp=torch, dtype=dtype, index=index)
    expected = whole.float().numpy()[index]
    np.testing.assert_array_equal(part.float().numpy(), expected)


GOLDEN = [
    [0.0, 0.0, -0.24426065385341644],
    [-0.23005364835262299, 0.0, 0.0],
    [0.42562007904052734, 0.11570411920547485, 0.13889607787132263],
    [0.0, 1.576591968536377, 0.0],
]


def test_golden_values():
    found = ai.sparse(0.5, std=1.0)((4, 3), key=2026)
    np.testing.assert_array_equal(found, np.array(GOLDEN, np.float32))
