"""Structured initializers in JAX: on shardings that would not fit what they are made of."""

from __future__ import annotations

import pytest

pytest.importorskip("jax")

SCRIPT = """
import jax, jax.numpy as jnp, numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
import agnostic_init as ai

mesh = Mesh(np.array(jax.devices()).reshape(2, 2), ("x", "y"))
sharding = NamedSharding(mesh, PartitionSpec("x", "y"))
for init, shape in [
    (ai.orthogonal(), (8, 4)),
    (ai.orthogonal(layout="keras"), (8, 4, 6)),
    (ai.identity(), (8, 4)),
    (ai.dirac(), (8, 4, 3)),
    (ai.bilinear(layout="torch"), (8, 4, 4)),
    (ai.icnr("normal", 2, layout="torch"), (8, 4, 2)),
    (ai.looks_linear(), (8, 4)),
    (ai.sparse(0.5), (8, 4)),
    (ai.delta_orthogonal(layout="torch"), (8, 4, 3)),
    (ai.conv_orthogonal(layout="torch"), (8, 4, 3)),
    (ai.gates(ai.log_of_uniform(1, 16), "torch"), (8, 4)),
    (ai.hippo(), (8, 8)),
]:
    like = jax.device_put(jnp.zeros(shape), sharding)
    made = init(shape, key=0, like=like)
    assert made.sharding == sharding, init
    np.testing.assert_allclose(made, init(shape, key=0), atol=2e-6)
    jitted = jax.jit(lambda: init(shape, key=0, like=like), out_shardings=sharding)()
    np.testing.assert_allclose(jitted, init(shape, key=0), atol=2e-6)
    rows = init(shape, key=0, xp=jnp, device=sharding, index=slice(2, 4))
    np.testing.assert_allclose(rows, init(shape, key=0)[2:4], atol=2e-6)
"""


def test_shardings(on_devices_of_jax):
    on_devices_of_jax(SCRIPT)
