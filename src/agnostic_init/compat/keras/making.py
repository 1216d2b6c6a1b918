"""From a seed of Keras and an initializer of this package to a tensor of Keras's backend."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, TypeVar

import keras

from agnostic_init.arrays.errors import must
from agnostic_init.bits.block import NO_SEQUENCES, checked_shape
from agnostic_init.bits.key import Key
from agnostic_init.initializers.base import Initializer

__all__ = ["KEYS", "checked", "make", "registered"]

Class = TypeVar("Class", bound=type)

WORD = (1 << 32) - 1
OF_THE_STANDARD = (
    "jax",
    "numpy",
    "torch",
)  # the backends whose tensors are those of a library here

#: What gives the keys of initializers without a seed, in a block of `patch` with a key.
KEYS: ContextVar[Callable[[], Key] | None] = ContextVar("KEYS", default=None)


def make(init: Initializer, shape: Any, dtype: Any, seed: Any, layout: Any = None) -> Any:
    """Make a tensor on the device that Keras would put it on, or of a layout of `keras.distribution`."""
    shape = checked(shape)
    name = keras.backend.standardize_dtype(dtype)
    like = keras.ops.zeros((0,), dtype=name)
    if isinstance(seed, keras.random.SeedGenerator):
        key = _key_of_state(seed.next())
    else:
        key = Key(int(seed) % (1 << 64))
    if keras.config.backend() in OF_THE_STANDARD and _name_of(like) == name:
        made = init(shape, key=key, like=like)
    else:  # where JAX has not enabled float64, its numbers are rounded
        made = keras.ops.convert_to_tensor(init(shape, key=key, dtype=name), dtype=name)
    return made if layout is None else keras.distribution.distribute_tensor(made, layout)


def _name_of(tensor: Any) -> str:
    return str(keras.backend.standardize_dtype(tensor.dtype))


def registered(cls: Class) -> Class:
    """Make a class known to Keras, and take its seed of the key of a block, where it is given none."""
    own: Any = cls
    initialize = own.__init__

    @functools.wraps(initialize)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        initialize(self, *args, **kwargs)
        if self._init_seed is None and (keys := KEYS.get()) is not None:
            self.seed = keys().seed

    own.__init__ = __init__
    known: Class = keras.saving.register_keras_serializable(package="agnostic_init")(cls)
    return known


def checked(shape: Any) -> tuple[int, ...]:
    """A shape as a tuple, or an error where a length is not known yet."""
    if not isinstance(shape, NO_SEQUENCES) and None in shape:
        rule = "must be known, which that of a layer is once it is built"
        raise must("shape", rule, tuple(shape), "layer.build(input_shape) before")
    return checked_shape(shape)


def _key_of_state(state: Any) -> Key:
    """The key of a seed and of how often it was used; of that alone at its first use."""
    if keras.config.backend() == "jax":
        from agnostic_init.bits.jax_key import is_traced, traced

        if is_traced(state):
            start, count = state.astype("uint32")
            return traced((start, count))
    start, count = (int(word) & WORD for word in keras.ops.convert_to_numpy(state))
    return Key(count << 32 | start)
