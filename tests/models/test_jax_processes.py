"""JAX on several processes: each makes the parts of its own devices, of one and the same model."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

pytest.importorskip("jax")

ONE_OF_TWO = """
import sys

import jax
import numpy as np

port, rank = sys.argv[1], int(sys.argv[2])
jax.distributed.initialize(f"localhost:{port}", num_processes=2, process_id=rank)
from jax.sharding import Mesh, NamedSharding, PartitionSpec

import agnostic_init as ai

RULES = {"bias": "zeros", "recurrent": ai.orthogonal(), "*": ai.normal()}
SHAPES = {"kernel": (8, 6), "recurrent": (4, 4), "bias": (4,), "stack": (4, 3, 2), "odd": (3, 5)}
CUTS = {"kernel": ("x", "y"), "recurrent": ("x",), "bias": ("y",), "stack": (("x", "y"),), "odd": ()}

assert len(jax.devices()) == 4 and len(jax.local_devices()) == 2
mesh = Mesh(np.array(jax.devices()).reshape(2, 2), ("x", "y"))
shardings = {name: NamedSharding(mesh, PartitionSpec(*CUTS[name])) for name in SHAPES}
specs = {
    name: jax.ShapeDtypeStruct(shape, np.float32, sharding=shardings[name])
    for name, shape in SHAPES.items()
}
want = ai.init_tree(SHAPES, RULES, key=3)


def check(arrays):
    for name, whole in want.items():
        array = arrays[name]
        assert array.shape == whole.shape and not array.is_fully_addressable
        assert array.sharding.is_equivalent_to(shardings[name], array.ndim), name
        for shard in array.addressable_shards:
            held = np.asarray(shard.data)
            np.testing.assert_allclose(held, whole[shard.index], rtol=0, atol=1e-6, err_msg=name)
            if name != "recurrent":
                np.testing.assert_array_equal(held, whole[shard.index], err_msg=name)


check(ai.init_tree(specs, RULES, key=3))
one = ai.normal()((8, 6), key=ai.key(3).fold_in("kernel"), xp=jax.numpy, device=shardings["kernel"])
check({**ai.init_tree(specs, RULES, key=3), "kernel": one})
jax.distributed.shutdown()
"""


@pytest.mark.slow
def test_two_processes_make_their_own_parts():
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = str(free.getsockname()[1])
    flags = "--xla_force_host_platform_device_count=2"
    env = {**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-c", ONE_OF_TWO, port]
    both = [subprocess.Popen([*command, rank], env=env) for rank in "01"]
    try:
        assert [process.wait(timeout=100) for process in both] == [0, 0]
    finally:
        for process in both:
            process.kill()
