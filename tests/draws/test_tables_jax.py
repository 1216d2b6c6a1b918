"""JAX's own way to the quantile: all 2^24 inputs, and how far it is from the reference's."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from agnostic_init.arrays.target import resolve
from agnostic_init.bits.block import block
from agnostic_init.bits.key import Key
from agnostic_init.draws.distributions import normal_draw, truncated_normal_draw
from agnostic_init.draws.engines import host
from agnostic_init.draws.reference import evaluate, quantile_of

jax = pytest.importorskip("jax")
jnp = jax.numpy

from agnostic_init.draws.engines import jax as engine
from agnostic_init.draws.engines.jax_quantile import quantile_of_jax

# As in test_tables.py, of the negative half.
TABLES = {
    "normal": (
        normal_draw(0, 1, "float32"),
        "68de782a4d7fc72e60ec986daf945ad7fe32ff027d63fffd8c7fed60d6c99a33",
    ),
    "truncated": (
        truncated_normal_draw(0, 1, -2, 2, "sigma", "parent", "float32"),
        "576eb23686f22385fa2aec29b33564fc19ab3a64f28106736a58e672fbe95739",
    ),
}
HALF, CHUNK = 1 << 23, 1 << 19


def of_all(function):
    """The values of a function of m, in chunks."""

    @jax.jit
    def chunk(start):
        return function(start + jnp.arange(CHUNK, dtype=jnp.uint32))

    with engine.X64(True):
        starts = range(0, 2 * HALF, CHUNK)
        return np.concatenate([np.asarray(chunk(np.uint32(start))) for start in starts])


@pytest.mark.parametrize("table", TABLES)
def test_all_inputs(table):
    draw, expected = TABLES[table]
    values = of_all(lambda m: evaluate(draw, jnp, jnp.float32, jnp.float64, [m], quantile_of_jax))
    assert hashlib.sha256(values[:HALF].astype("<f4").tobytes()).hexdigest() == expected
    assert np.array_equal(values[HALF:], -values[HALF - 1 :: -1])


@pytest.mark.parametrize("table", TABLES)
def test_it_errs_far_less_than_the_values_keep_from_a_boundary(table):
    draw = TABLES[table][0]

    def error(m):
        wide = m.astype(jnp.float64)
        exact = quantile_of(draw, jnp, wide)
        return jnp.abs(quantile_of_jax(draw, jnp, wide) / exact - 1.0)

    assert of_all(error).max() < 1e-15


@pytest.mark.parametrize("lower", [-2.0, -1.0, 3.0, 40.0])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_engine_against_the_host(lower, dtype):
    draw = truncated_normal_draw(0.5, 2.0, lower, np.inf, "sigma", "parent", dtype)
    made = jax.jit(
        lambda: engine.make(draw, Key(3), block((5000,)), resolve(xp=jnp, dtype=dtype))
    )()
    expected = host.new(draw, Key(3), block((5000,))).view(made.dtype)
    assert np.array_equal(np.asarray(made), expected)
