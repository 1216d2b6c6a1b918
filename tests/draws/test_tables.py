"""All 2^24 inputs of the quantile, by the hash of the table, in the reference on every library."""

from __future__ import annotations

import numpy as np
import pytest

from agnostic_init.arrays.target import backend as library_named
from agnostic_init.draws.engines.numpy import quantile_in_place
from agnostic_init.draws.reference import evaluate

HALF = 1 << 23
CHUNK = 1 << 19


def test_the_reference(backend, quantile_table):
    if backend.name == "dask":
        pytest.skip("Dask computes its chunks with NumPy")
    draw = quantile_table.draw
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
    quantile_table.check(values)


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


def test_the_numpy_kernel(quantile_table):
    draw, values = quantile_table.draw, np.empty(2 * HALF, np.float32)
    for start in range(0, values.size, CHUNK):
        words = np.arange(start, start + CHUNK, dtype=np.uint32) | np.uint32(0xAB000000)
        part = evaluate(draw, np, np.float32, np.float64, [words], quantile_in_place)
        values[start : start + CHUNK] = part
    quantile_table.check(values)
