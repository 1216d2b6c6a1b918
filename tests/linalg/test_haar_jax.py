"""Haar matrices in JAX: on the host, under jit, and with reduced precision switched off."""

from __future__ import annotations

import numpy as np
import pytest

from agnostic_init.linalg import haar_matrices

jax = pytest.importorskip("jax")


@pytest.mark.parametrize("shape", [(1, 1), (7, 4), (4, 7), (3, 20, 20), (150, 150)])
@pytest.mark.parametrize("dtype", ["float32", "complex64", "bfloat16"])
def test_jit_makes_the_same_matrices(shape, dtype):
    special = shape[-1] == shape[-2]

    def make():
        return haar_matrices(shape, 1.5, special=special, key=3, dtype=dtype, xp=jax.numpy)

    eager, compiled = make(), jax.jit(make)()
    assert eager.dtype == compiled.dtype == dtype
    wide = "complex64" if dtype == "complex64" else "float32"
    atol = 1e-2 if dtype == "bfloat16" else 1.5e-6
    np.testing.assert_allclose(eager.astype(wide), compiled.astype(wide), atol=atol)


def test_it_works_inside_a_larger_program():
    def loss(x):
        return jax.numpy.sum((haar_matrices((4, 4), key=0, like=x) @ x) ** 2)

    x = jax.numpy.ones(4)
    np.testing.assert_allclose(jax.jit(jax.grad(loss))(x), 2 * x, atol=1e-5)


def test_double_precision_where_it_is_enabled():
    enable = jax.enable_x64 if hasattr(jax, "enable_x64") else jax.experimental.enable_x64
    with enable(True):
        eager = haar_matrices((20, 20), key=0, dtype="float64", xp=jax.numpy)
        compiled = jax.jit(lambda: haar_matrices((20, 20), key=0, dtype="float64", xp=jax.numpy))()
        np.testing.assert_allclose(eager, compiled, atol=1e-14)


@pytest.mark.parametrize("special", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "complex64", "bfloat16"])
@pytest.mark.parametrize("shape", [(7, 7), (3, 9, 4), (4, 9)])
def test_no_dtype_is_promoted_without_being_told(shape, dtype, special):
    def make():
        square = special and shape[-1] == shape[-2]
        return haar_matrices(shape, 1.5, special=square, key=3, dtype=dtype, xp=jax.numpy)

    expected = jax.jit(make)()
    with jax.numpy_dtype_promotion("strict"):
        np.testing.assert_array_equal(jax.jit(lambda: make())(), expected)
        assert make().dtype == dtype
