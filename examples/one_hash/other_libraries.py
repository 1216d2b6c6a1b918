"""The same model in JAX, each weight sharded over four devices, and in Dask, in chunks."""

from __future__ import annotations

import os

os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=4"
os.environ["JAX_PLATFORMS"] = "cpu"

import dask.array
import jax
import numpy as np
import torch
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from model import RULES, Llama

import agnostic_init as ai

KEY = 0


def main() -> None:
    """Print the fingerprints of both, and of NumPy's."""
    with torch.device("meta"):
        shapes = {name: tuple(each.shape) for name, each in Llama().named_parameters()}
    print("NumPy", 1, ai.fingerprint(ai.init_tree(shapes, RULES, key=KEY)), sep="\t")
    mesh = Mesh(np.array(jax.devices()).reshape(2, 2), ("data", "model"))
    structs = {}
    for name, shape in shapes.items():
        cut = PartitionSpec("data", "model") if len(shape) == 2 else PartitionSpec("data")
        sharding = NamedSharding(mesh, cut)
        structs[name] = jax.ShapeDtypeStruct(shape, np.float32, sharding=sharding)
    arrays = ai.init_tree(structs, RULES, key=KEY)
    assert all(each.sharding == structs[name].sharding for name, each in arrays.items())
    print("JAX, 4 devices", 1, ai.fingerprint(arrays), sep="\t")
    chunked = {
        name: dask.array.zeros(shape, dtype=np.float32, chunks=24) for name, shape in shapes.items()
    }
    lazy = ai.init_tree(chunked, RULES, key=KEY)
    print("Dask, chunks of 24", 1, ai.fingerprint(lazy), sep="\t")


if __name__ == "__main__":
    main()
