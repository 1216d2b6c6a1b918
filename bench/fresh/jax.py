"""``jax.nn.initializers``, one call a parameter, as in a Flax module that is not under jit."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from bench.plans import Model

__all__ = ["initialize", "numbers", "tensors", "wait"]


def tensors(model: Model, dtype: str) -> None:
    # So that starting XLA is not counted for whoever is first to use it.
    jax.block_until_ready(jnp.empty(1, dtype))


def initialize(tensors: None, model: Model, dtype: Any, key: Any = None) -> list[jax.Array]:
    key, init = jax.random.key(0) if key is None else key, jax.nn.initializers
    made = []
    for number, (_, shape, law) in enumerate(model.tensors()):
        match law.kind:
            case "constant":
                make = init.constant(law.scale)
            case "normal":
                make = init.normal(law.scale)
            case "truncated_normal":
                make = init.truncated_normal(law.scale)
            case "kaiming_normal":
                make = init.variance_scaling(2.0, "fan_out", "normal", in_axis=1, out_axis=0)
            case _:
                make = init.orthogonal()
        made.append(make(jax.random.fold_in(key, number), shape, dtype))
    return made


def wait(made: Any) -> None:
    jax.block_until_ready(made)


def numbers(array: jax.Array, count: int) -> Any:
    import numpy as np

    return np.asarray(array).reshape(-1)[:count].astype(np.float64)
