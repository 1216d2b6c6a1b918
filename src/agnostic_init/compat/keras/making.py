"""From a seed of Keras and an initializer of this package to a tensor of Keras's backend."""

from __future__ import annotations

from typing import Any

import keras

from agnostic_init.bits.key import Key
from agnostic_init.initializers.base import Initializer

__all__ = ["make", "registered"]

WORD = (1 << 32) - 1
OF_THE_STANDARD = (
    "jax",
    "numpy",
    "torch",
)  # the backends whose tensors are those of a library here

registered = keras.saving.register_keras_serializable(package="agnostic_init")


def make(init: Initializer, shape: Any, dtype: Any, seed: Any) -> Any:
    """Make a tensor on the device that Keras would put it on."""
    like = keras.ops.zeros((0,), dtype=dtype)
    if isinstance(seed, keras.random.SeedGenerator):
        key = _key_of_state(seed.next())
    else:
        key = Key(int(seed) % (1 << 64))
    if keras.config.backend() in OF_THE_STANDARD:
        return init(shape, key=key, like=like)
    name = keras.backend.standardize_dtype(dtype)
    return keras.ops.convert_to_tensor(init(shape, key=key, dtype=name), dtype=name)


def _key_of_state(state: Any) -> Key:
    """The key of a seed and of how often it was used; of that alone at its first use."""
    if keras.config.backend() == "jax":
        from agnostic_init.bits.jax_key import is_traced, traced

        if is_traced(state):
            start, count = state.astype("uint32")
            return traced((start, count))
    start, count = (int(word) & WORD for word in keras.ops.convert_to_numpy(state))
    return Key(count << 32 | start)
