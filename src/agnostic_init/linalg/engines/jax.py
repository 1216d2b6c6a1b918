"""JAX where it traces, or computes on no CPU: XLA's product of reflectors."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp

from agnostic_init.arrays.target import Target
from agnostic_init.bits.key import Key
from agnostic_init.draws.make import make as make_draw
from agnostic_init.linalg.haar import Haar
from agnostic_init.linalg.reference import with_determinant_one
from agnostic_init.linalg.reflectors import compact

__all__ = ["make"]


def make(haar: Haar, key: Key, target: Target) -> Any:
    """New matrices."""
    library = target.library
    dtype, working = library.dtype(haar.dtype), library.working_device(target.device)
    if not haar.size:
        return jnp.zeros(haar.shape, dtype, device=working)
    normals = make_draw(haar.draw, key, haar.normals(), Target(library, haar.compute, working))
    made = _program(replace(haar, within=None))(normals).astype(dtype)
    return library.placed(made, target.device)


@functools.lru_cache(maxsize=256)
def _program(haar: Haar) -> Any:
    def matrices(normals: Any) -> Any:
        with jax.default_matmul_precision("highest"):
            vectors, tau, phases = compact(jnp, normals)
            product = jax.lax.linalg.householder_product(jnp.matrix_transpose(vectors), tau)
            tall = product * (phases * -haar.gain)[..., None, :]
            if haar.special:
                tall = with_determinant_one(jnp, tall, jnp.prod(phases, axis=-1))
            return jnp.matrix_transpose(tall) if haar.wide else tall

    return jax.jit(matrices)
