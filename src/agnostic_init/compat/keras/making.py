"""From a seed of Keras and an initializer of this package to a tensor of Keras's backend."""

from __future__ import annotations

from typing import Any

import keras

from agnostic_init.bits.key import Key
from agnostic_init.initializers.base import Drawn, Initializer

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
        state = seed.next()
        if keras.config.backend() == "jax" and isinstance(init, Drawn):
            traced = _for_a_traced_state(init, shape, like, state)
            if traced is not None:
                return traced
        start, count = (int(word) & WORD for word in keras.ops.convert_to_numpy(state))
        key = Key(count << 32 | start)  # the first is that of the integer alone
    else:
        key = Key(int(seed) % (1 << 64))
    if keras.config.backend() in OF_THE_STANDARD:
        return init(shape, key=key, like=like)
    name = keras.backend.standardize_dtype(dtype)
    return keras.ops.convert_to_tensor(init(shape, key=key, dtype=name), dtype=name)


def _for_a_traced_state(init: Drawn, shape: Any, like: Any, state: Any) -> Any:
    """The values where a program of JAX is being recorded that holds the seed's state."""
    from agnostic_init.compat.jax import drawing

    if not drawing.is_traced(state):
        return None
    lengths, dtype = drawing.checked(shape, like.dtype)
    words = state.astype("uint32")
    return drawing.values(init._draw(lengths, str(dtype.name)), lengths, words)
