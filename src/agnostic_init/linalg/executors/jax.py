"""JAX: host memory on a CPU; XLA's product of reflectors elsewhere and where JAX traces."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from agnostic_init.arrays.libraries.jax import on_host, tracing
from agnostic_init.arrays.target import Target, backend
from agnostic_init.bits.key import Key
from agnostic_init.linalg.assemble import with_determinant_one
from agnostic_init.linalg.executors import numpy
from agnostic_init.linalg.haar import Haar
from agnostic_init.linalg.reflectors import compact

__all__ = ["make"]


def make(haar: Haar, key: Key, target: Target) -> Any:
    """New matrices."""
    dtype = target.library.dtype(haar.dtype)
    if not haar.size:
        return jnp.zeros(haar.shape, dtype, device=target.library.working_device(target.device))
    if key.known and on_host(target.device) and not tracing():
        made = numpy.make(haar, key, Target(backend("numpy"), haar.compute, None))
        return jax.device_put(np.asarray(made, dtype), target.device)
    library = target.library
    place = Target(library, haar.compute, library.working_device(target.device))
    made = _program(haar)(haar.draw(key, 0, haar.short, place)).astype(dtype)
    return library.placed(made, target.device)


@functools.lru_cache(maxsize=256)
def _program(haar: Haar) -> Any:
    def matrices(normals: Any) -> Any:
        with jax.default_matmul_precision("highest"):
            vectors, tau, phases = compact(jnp, normals)
            product = jax.lax.linalg.householder_product(
                jnp.matrix_transpose(vectors), tau.astype(vectors.dtype)
            )
            tall = product * (phases * -haar.gain)[..., None, :]
            if haar.special:
                tall = with_determinant_one(jnp, tall, jnp.prod(phases, axis=-1))
            return jnp.matrix_transpose(tall) if haar.wide else tall

    return jax.jit(matrices)
