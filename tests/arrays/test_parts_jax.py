"""Sharded arrays of JAX, made outside of programs: each device's part by itself."""

from __future__ import annotations

import pytest

pytest.importorskip("jax")

PROGRAM = """
import jax, jax.numpy as jnp, numpy as np
from jax.sharding import NamedSharding, PartitionSpec as P
import agnostic_init as ai
from agnostic_init.arrays.libraries import jax as library
from agnostic_init.draws import make as making
from agnostic_init.draws.engines import host

mesh = jax.sharding.Mesh(np.array(jax.devices()).reshape(2, 2), ("x", "y"))
asked = []
new = host.new
host.new = lambda draw, key, block, *rest: asked.append(block.size) or new(draw, key, block, *rest)
for on_host in (True, False):  # as on accelerators, which a program of XLA serves
    making_on_host, library.on_host = library.on_host, lambda device, known=on_host: known
    for spec in (P("x", "y"), P(None, ("x", "y")), P("x"), P()):
        for dtype in ("float32", "bfloat16", "complex64"):
            like = jax.device_put(jnp.zeros((8, 12), dtype), NamedSharding(mesh, spec))
            asked.clear()
            made = ai.normal(std=0.02)((8, 12), key=3, like=like)
            assert made.sharding.is_equivalent_to(like.sharding, 2), made.sharding
            assert made.dtype == like.dtype
            largest = np.prod(like.sharding.shard_shape((8, 12)))
            assert asked == ([] if not on_host else [largest] * (96 // largest)), asked
            expected = ai.normal(std=0.02)((8, 12), key=3, dtype=dtype)
            close = 0 if dtype != "complex64" else 1e-6
            np.testing.assert_allclose(
                np.asarray(made, np.complex64), np.asarray(expected, np.complex64), rtol=close
            )
            block = ai.uniform()((80, 12), key=3, like=like, index=slice(16, 24))
            assert block.sharding.is_equivalent_to(like.sharding, 2)
    library.on_host = making_on_host
"""


def test_each_device_s_part_is_made_once(on_devices_of_jax):
    on_devices_of_jax(PROGRAM)
