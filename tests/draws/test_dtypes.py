"""Every dtype: low precision is the float32 cast once, and no bound is ever passed."""

from __future__ import annotations

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.arrays.dtypes import FORMATS
from agnostic_init.arrays.errors import ParameterError

SMALL = [name for name, form in FORMATS.items() if form.itemsize <= 2]
N = 1 << 16


def numpy_cast(values, dtype):
    """Rounded to nearest even by ml_dtypes, as float32."""
    if dtype == "float16":
        return values.astype(np.float16).astype(np.float32)
    ml_dtypes = pytest.importorskip("ml_dtypes")
    return values.astype(getattr(ml_dtypes, dtype)).astype(np.float32)


@pytest.mark.parametrize("dtype", SMALL)
@pytest.mark.parametrize("std", [1.0, 0.02, 0.3])
def test_normal_is_the_cast(backend, xp, dtype, std):
    backend.needs(dtype)
    wide = ai.draws.normal(N, std=std, key=3)
    small = backend.to_numpy(ai.draws.normal(N, std=std, key=3, dtype=dtype, xp=xp))
    assert np.array_equal(small.astype(np.float32), numpy_cast(wide, dtype))


@pytest.mark.parametrize("dtype", SMALL)
@pytest.mark.parametrize("bounds", [(0.0, 1.0), (-0.1, 0.1), (0.3, 0.7)])
def test_uniform_is_the_cast_within_the_bounds(backend, xp, dtype, bounds):
    backend.needs(dtype)
    low, high = bounds
    wide = ai.draws.uniform(N, low, high, key=3)
    small = backend.to_numpy(ai.draws.uniform(N, low, high, key=3, dtype=dtype, xp=xp))
    small = small.astype(np.float64)
    assert low <= small.min()
    assert small.max() < high
    cast = numpy_cast(wide, dtype)
    inside = (cast >= low) & (cast < high)
    assert np.array_equal(small[inside], cast[inside])
    assert inside.mean() > 0.5


@pytest.mark.parametrize("dtype", ["float32", "float64", *SMALL])
def test_half_open_ranges_stay_half_open(backend, xp, dtype):
    if dtype in SMALL:
        backend.needs(dtype)
    if backend.name == "jax" and dtype == "float64":
        pytest.skip("needs x64")
    values = backend.to_numpy(ai.draws.uniform(N, 1.0, 2.0, key=9, dtype=dtype, xp=xp))
    assert values.min() >= 1.0
    assert values.max() < 2.0


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_truncated_normals_keep_to_bounds_that_the_dtype_has_not(backend, xp, dtype):
    if dtype != "float32":
        backend.needs(dtype)
    for lower, upper in ((-0.04, 0.04), (0.1, 0.3), (-1e-3, 0.7)):
        values = backend.to_numpy(
            ai.draws.truncated_normal(
                N, 0.0, 1.0, lower, upper, bounds="absolute", key=4, dtype=dtype, xp=xp
            )
        ).astype(np.float64)
        assert lower <= values.min()
        assert values.max() <= upper
        assert np.unique(values).size > 20


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_complex_parts_are_the_real_draws_at_2i_and_2i_plus_1(dtype):
    real = {"complex64": "float32", "complex128": "float64"}[dtype]
    z = ai.draws.normal(1000, std=np.sqrt(2.0), key=11, dtype=dtype)
    x = ai.draws.normal(2000, key=11, dtype=real)
    assert np.allclose(z.view(real), x, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_complex_moments(dtype):
    n = 1 << 17
    normal = ai.draws.normal(n, 1 + 2j, 0.5, key=1, dtype=dtype)
    assert abs(normal.mean() - (1 + 2j)) < 0.01
    assert np.isclose(np.mean(np.abs(normal - (1 + 2j)) ** 2), 0.25, rtol=0.01)
    disk = ai.draws.uniform(n, -2.0, 2.0, key=2, dtype=dtype)
    assert np.abs(disk).max() <= 2.0
    assert np.isclose(np.mean(np.abs(disk) ** 2), 2.0, rtol=0.01)
    annulus = ai.draws.uniform(n, 1.0, 2.0, key=2, dtype=dtype)
    assert np.abs(annulus).min() >= 1 - 1e-6
    assert np.isclose(np.mean(np.abs(annulus) ** 2), 2.5, rtol=0.01)
    cut = ai.draws.truncated_normal(n, key=3, dtype=dtype)
    assert np.abs(cut).max() <= 2.0
    assert np.isclose(np.sqrt(np.mean(np.abs(cut) ** 2)), 0.9619618280, rtol=0.005)
    scaled = ai.draws.truncated_normal(n, key=3, std_of="result", std=3.0, dtype=dtype)
    assert np.isclose(np.sqrt(np.mean(np.abs(scaled) ** 2)), 3.0, rtol=0.005)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ai.draws.normal(3, std=1e5, key=0, dtype="float16"), "`std` must keep every"),
        (lambda: ai.draws.normal(3, std=1e-60, key=0), "`std` must be within the range"),
        (lambda: ai.draws.normal(3, std=1e-12, key=0, dtype="float16"), "`std` must not vanish"),
        (lambda: ai.draws.uniform(3, 0, 1e39, key=0), "`high` must make a range"),
        (lambda: ai.draws.uniform(3, 1.0001, 1.0002, key=0, dtype="float16"), "leave a number"),
        (
            lambda: ai.draws.truncated_normal(
                3, 0, 1, 1.0001, 1.0002, bounds="absolute", key=0, dtype="float16"
            ),
            "`upper` must leave a number",
        ),
        (lambda: ai.draws.uniform(3, -1, 2, key=0, dtype="complex64"), "`low` must be -high"),
        (lambda: ai.draws.normal(3, 1j, key=0), "`mean` must be real"),
    ],
)
def test_what_a_dtype_cannot_hold(call, words):
    with pytest.raises(ParameterError, match=words):
        call()


def test_without_a_std_there_is_one_zero(backend, xp):
    for init in (ai.normal(std=0.0), ai.truncated_normal(std=0.0), ai.sparse(0.5, std=0.0)):
        values = backend.to_numpy(init((40, 5), key=0, xp=xp))
        assert not values.view(np.uint32).any()


def test_a_parameter_of_minus_zero_is_zero():
    """So that what a cache took for equal is equal, whichever came first."""
    assert str(ai.normal(-0.0, std=-0.0)) == str(ai.normal(0.0, std=0.0))
    low = ai.draws.uniform(3, -0.0, 5e-324, key=0, dtype="float64")
    assert not np.signbit(low).any()
