"""All 2^24 inputs of the quantile, by the hash of the table, in the reference on every library.

The hashes were made from other evaluations of the inverse, against quadruple precision.
"""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from agnostic_init.arrays.target import backend as library_named
from agnostic_init.draws.distributions import normal_draw, truncated_normal_draw
from agnostic_init.draws.engines.numpy import quantile_in_place
from agnostic_init.draws.reference import evaluate

TABLES = {
    "normal": (
        normal_draw(0, 1, "float32"),
        "68de782a4d7fc72e60ec986daf945ad7fe32ff027d63fffd8c7fed60d6c99a33",
        -5.4199834,
    ),
    "truncated": (
        truncated_normal_draw(0, 1, -2, 2, "sigma", "parent", "float32"),
        "576eb23686f22385fa2aec29b33564fc19ab3a64f28106736a58e672fbe95739",
        -1.9999995,
    ),
}
HALF = 1 << 23
CHUNK = 1 << 19


def check(table: str, values: np.ndarray) -> None:
    _, expected, first = TABLES[table]
    assert values[0] == np.float32(first)
    assert hashlib.sha256(values[:HALF].astype("<f4").tobytes()).hexdigest() == expected
    assert np.array_equal(values[HALF:], -values[HALF - 1 :: -1])


@pytest.mark.parametrize("table", TABLES)
def test_the_reference(backend, table):
    if backend.name == "dask":
        pytest.skip("Dask computes its chunks with NumPy")
    draw = TABLES[table][0]
    if backend.name == "jax":
        values = of_jax(draw)
    else:
        library = library_named("array_api_strict" if backend.name == "strict" else backend.name)
        xp, dtype = library.xp, library.dtype(library.integers)
        values = []
        for start in range(0, 2 * HALF, CHUNK):
            m = xp.arange(start, start + CHUNK, dtype=dtype, device=library.device(None))
            values.append(backend.to_numpy(evaluate(draw, xp, xp.float32, xp.float64, [m])))
        values = np.concatenate(values)
    check(table, values)


def of_jax(draw):
    import jax
    import jax.numpy as jnp

    from agnostic_init.draws.engines.jax import X64

    assert not jax.config.jax_enable_x64

    @jax.jit
    def chunk(start):
        with X64(True):
            m = start + jnp.arange(CHUNK, dtype=jnp.uint32)
            return evaluate(draw, jnp, jnp.float32, jnp.float64, [m])

    starts = range(0, 2 * HALF, CHUNK)
    return np.concatenate([np.asarray(chunk(np.uint32(start))) for start in starts])


@pytest.mark.parametrize("table", TABLES)
def test_the_numpy_kernel(table):
    draw, values = TABLES[table][0], np.empty(2 * HALF, np.float32)
    for start in range(0, values.size, CHUNK):
        words = np.arange(start, start + CHUNK, dtype=np.uint32) | np.uint32(0xAB000000)
        part = evaluate(draw, np, np.float32, np.float64, [words], quantile_in_place)
        values[start : start + CHUNK] = part
    check(table, values)
