"""What JAX's programs draw: all 2^24 inputs, and the same as the host of what is no table."""

from __future__ import annotations

import numpy as np
import pytest

from agnostic_init.arrays.target import resolve
from agnostic_init.bits.block import block
from agnostic_init.bits.key import Key
from agnostic_init.draws.distributions import truncated_normal_draw
from agnostic_init.draws.engines import host

jax = pytest.importorskip("jax")
jnp = jax.numpy

from agnostic_init.draws.engines import jax as engine

CHUNK = 1 << 19


def test_all_inputs(quantile_table):
    draw = quantile_table.draw

    @jax.jit
    def chunk(start):
        with engine.X64(True):
            return engine._finished(draw, [start + jnp.arange(CHUNK, dtype=jnp.uint32)])

    starts = range(0, 1 << 24, CHUNK)
    quantile_table.check(np.concatenate([np.asarray(chunk(np.uint32(s))) for s in starts]))


@pytest.mark.parametrize("lower", [-2.0, -1.0, 3.0, 40.0])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_engine_against_the_host(monkeypatch, lower, dtype):
    monkeypatch.setattr(engine.jax_native, "make", lambda *_: None)
    draw = truncated_normal_draw(0.5, 2.0, lower, np.inf, "sigma", "parent", dtype)
    target = resolve(xp=jnp, dtype=dtype)
    made = jax.jit(lambda: engine.make(draw, Key(3), block((5000,)), target))()
    expected = host.new(draw, Key(3), block((5000,))).view(made.dtype)
    assert np.array_equal(np.asarray(made), expected)
