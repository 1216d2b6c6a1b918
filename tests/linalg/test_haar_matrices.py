"""Haar matrices: orthogonal to rounding, and the same matrices whoever makes them."""

from __future__ import annotations

import numpy as np
import pytest

from agnostic_init.arrays.errors import ParameterError, ParameterTypeError
from agnostic_init.arrays.target import backend as library_named
from agnostic_init.arrays.target import resolve
from agnostic_init.bits import key
from agnostic_init.linalg import haar_matrices, make, reference
from agnostic_init.linalg.engines import numpy as numpy_engine
from agnostic_init.linalg.haar import Haar

MOST = {"float32": 2e-6, "complex64": 2e-6, "float64": 4e-15, "complex128": 4e-15}
SHAPES = [(1, 1), (2, 2), (5, 3), (3, 7), (16, 16), (33, 20), (130, 130), (300, 20), (3, 40, 40)]
SHAPES += [(2, 3, 9, 17)]


def error_of(q):
    """The largest entry of Q^H Q - I, or of Q Q^H - I where that is smaller."""
    if q.shape[-2] < q.shape[-1]:
        q = q.swapaxes(-1, -2)
    return np.abs(q.conj().swapaxes(-1, -2) @ q - np.eye(q.shape[-1])).max()


@pytest.mark.parametrize("dtype", MOST)
@pytest.mark.parametrize("n", [2, 3, 4, 5, 8, 16, 17, 32, 64, 100, 128, 256, 512])
def test_the_matrices_are_orthogonal_at_every_size(n, dtype):
    assert error_of(haar_matrices((n, n), key=n, dtype=dtype)) <= MOST[dtype]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(1024, 1024), (2048, 2048), (4096, 256), (256, 4096)])
def test_large_matrices_are_orthogonal(shape, dtype):
    assert error_of(haar_matrices(shape, key=1, dtype=dtype)) <= MOST[dtype]


def test_the_error_does_not_grow_with_the_batch():
    assert error_of(haar_matrices((2000, 8, 8), key=0)) <= MOST["float32"]
    assert error_of(haar_matrices((8, 128, 128), key=0)) <= MOST["float32"]


@pytest.mark.parametrize("dtype", ["float32", "complex64"])
@pytest.mark.parametrize("shape", SHAPES)
def test_every_library_makes_the_same_matrices(backend, shape, dtype):
    made = haar_matrices(shape, 1.5, key=5, dtype=dtype, xp=backend.xp)
    ours = backend.to_numpy(made)
    assert tuple(made.shape) == shape
    assert ours.dtype == dtype
    np.testing.assert_allclose(ours, haar_matrices(shape, 1.5, key=5, dtype=dtype), atol=1.5e-6)


@pytest.mark.parametrize("special", [False, True])
@pytest.mark.parametrize("shape", [(1, 1), (7, 7), (140, 140), (3, 20, 20), (90, 200)])
def test_numpy_agrees_with_the_reference(shape, special):
    special = special and shape[-1] == shape[-2]
    for dtype, most in MOST.items():
        haar = Haar(shape[:-2], shape[-2], shape[-1], dtype, 2.0, special)
        ours = np.full(shape, np.nan, dtype)
        numpy_engine.fill(haar, key(3), ours)
        expected = reference.make(haar, key(3), library_named("numpy"), None, 32)
        np.testing.assert_allclose(ours, expected, rtol=0, atol=most)


def test_a_wide_matrix_is_the_transpose_of_the_tall_one():
    tall = haar_matrices((3, 70, 20), key=2)
    np.testing.assert_allclose(haar_matrices((3, 20, 70), key=2), tall.swapaxes(-1, -2), atol=1e-6)


def test_fewer_columns_are_the_first_columns():
    whole = haar_matrices((90, 90), key=2)
    np.testing.assert_allclose(haar_matrices((90, 33), key=2), whole[:, :33], atol=1e-6)


def test_the_gain_multiplies():
    plain = haar_matrices((6, 4), key=1)
    np.testing.assert_allclose(haar_matrices((6, 4), -2.5, key=1), -2.5 * plain, atol=2e-6)
    assert not haar_matrices((6, 4), 0.0, key=1).any()


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("n", [1, 2, 3, 40])
def test_special_matrices_have_determinant_one(backend, n, dtype):
    if backend.name == "jax":
        dtype = {"float64": "float32", "complex128": "complex64"}[dtype]
    q = backend.to_numpy(haar_matrices((5, n, n), special=True, key=3, dtype=dtype, xp=backend.xp))
    assert error_of(q) <= MOST[dtype]
    np.testing.assert_allclose(np.linalg.det(q.astype("complex128")), 1, atol=10 * n * MOST[dtype])


def test_special_changes_one_column_at_most():
    plain, special = (haar_matrices((4, 4), special=s, key=1, dtype="float64") for s in (0, 1))
    np.testing.assert_array_equal(plain[:, :-1], special[:, :-1])


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_small_floats_are_the_float32_rounded_once(backend, dtype):
    backend.needs(dtype)
    made = haar_matrices((3, 20, 10), 1.5, key=1, dtype=dtype, xp=backend.xp)
    single = haar_matrices((3, 20, 10), 1.5, key=1, dtype="float32", xp=backend.xp)
    library = resolve(made).library
    assert library.dtype_name(made.dtype) == dtype
    rounded = backend.to_numpy(library.cast(single, dtype)).astype("float32")
    np.testing.assert_array_equal(backend.to_numpy(made).astype("float32"), rounded)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 2, 2), (0, 0)])
def test_empty_arrays_are_made(backend, shape):
    assert tuple(haar_matrices(shape, key=0, xp=backend.xp).shape) == shape


def test_matrices_of_a_batch_differ_and_follow_their_positions():
    batch = haar_matrices((3, 2, 5, 4), key=7)
    assert len({q.tobytes() for q in batch.reshape(-1, 5, 4)}) == 6
    np.testing.assert_allclose(batch.reshape(6, 5, 4), haar_matrices((6, 5, 4), key=7), atol=1e-6)
    np.testing.assert_allclose(batch[0, 0], haar_matrices((5, 4), key=7), atol=1e-6)


@pytest.mark.parametrize("wide", [False, True])
def test_memory_of_any_order_is_written_in_place(wide):
    rows, columns = (24, 150) if wide else (150, 24)
    haar = Haar((2,), rows, columns, "float32")
    expected = haar_matrices(haar.shape, key=4)
    memory = np.zeros((2, 2 * rows, 3 * columns), np.float32)
    order = np.zeros((columns, 2, rows), np.float32)
    for out in (memory[:, ::2, ::3], memory[:, :rows, :columns], order.transpose(1, 2, 0)):
        make.fill(haar, key(4), out, library_named("numpy"))
        np.testing.assert_allclose(out, expected, atol=1e-6)


GOLDEN_REAL = [
    [0.24824852110163587, -0.339952338512616],
    [-0.8004392114703989, -0.5993880266363065],
    [0.5455911844151229, -0.7246836558560142],
]
GOLDEN_COMPLEX = [
    [0.24724321878598327 - 0.7971977686240953j, 0.5494017922317259 - 0.0387837486284642j],
    [0.5433817691136412 - 0.08990417932464427j, -0.42566995011901754 - 0.7179544450036954j],
]
GOLDEN_SINGLE = [[0.5999701, -0.7908228], [0.74657196, 0.49910367], [0.2875169, 0.3542519]]


def test_golden_values():
    # Drawn once and never to change, to within the rounding of float64.
    q = haar_matrices((3, 2), key=42, dtype="float64")
    np.testing.assert_allclose(q, GOLDEN_REAL, rtol=0, atol=1e-12)
    u = haar_matrices((2, 2), key=42, dtype="complex128")
    np.testing.assert_allclose(u, GOLDEN_COMPLEX, rtol=0, atol=1e-12)
    single = haar_matrices((3, 2), key=42)
    np.testing.assert_allclose(single, GOLDEN_SINGLE, rtol=0, atol=1e-6)


BAD_CALLS = [
    ({"shape": (3,)}, ParameterError, "`shape` must have two axes or more"),
    ({"shape": (3, 3), "gain": float("nan")}, ParameterError, "`gain` must be finite"),
    ({"shape": (3, 3), "gain": "2"}, ParameterTypeError, "`gain` must be a real number"),
    ({"shape": (3, 3), "gain": 1j}, ParameterTypeError, "`gain` must be a real number"),
    ({"shape": (3, 2), "special": True}, ParameterError, "`special` must be False"),
    ({"shape": (3, 3), "dtype": "int32"}, ParameterError, "`dtype` must be a real or complex"),
    ({"shape": (3, -3)}, ParameterError, "`shape` must have no negative"),
]


@pytest.mark.parametrize(("call", "error", "words"), BAD_CALLS)
def test_bad_calls(call, error, words):
    with pytest.raises(error, match=words.replace("(", r"\(")):
        haar_matrices(key=0, **call)
