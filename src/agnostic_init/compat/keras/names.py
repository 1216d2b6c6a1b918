"""Keras's names for initializers, for these."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator
from typing import Any

import keras

from agnostic_init.arrays.blocks import block
from agnostic_init.bits.key import Key
from agnostic_init.bits.key import key as make_key
from agnostic_init.compat.keras import random, scaled
from agnostic_init.compat.keras.making import KEYS

__all__ = ["deserialize", "get", "patch"]

OURS: dict[str, Any] = {
    name: getattr(module, name) for module in (random, scaled) for name in module.__all__
}
SHORT = {"normal": "RandomNormal", "uniform": "RandomUniform"}


@block
def patch(key: Any = None) -> Iterator[None]:
    """Run a block in which Keras's names for initializers mean those of this package.

    Names such as ``kernel_initializer="he_normal"``, and the defaults of layers, which are names.
    It holds for the thread that entered it and ends with its block, also by an exception. Classes
    that are called as ``keras.initializers.HeNormal()`` remain Keras's.

    Parameters
    ----------
    key
        Where it is given, an initializer that is made inside without a seed gets one of
        ``key.fold_in(n)``, n counting them: the same model has the same weights, and one more layer
        changes those after it.

    Warns
    -----
    RuntimeWarning
        If something inside has ended it before the block, as `keras.utils.clear_session` does.
    """
    counted = None
    if key is not None:
        stream, numbers = make_key(key), itertools.count()

        def counted() -> Key:
            return stream.fold_in(next(numbers))

    token = KEYS.set(counted)
    try:
        with _scope():
            yield
            if not isinstance(keras.initializers.get("he_normal"), OURS["HeNormal"]):
                text = (
                    "patch() was ended by something in its block, as keras.utils.clear_session does"
                )
                warnings.warn(text, RuntimeWarning, stacklevel=4)
    finally:
        KEYS.reset(token)


def _scope() -> Any:
    snake = {_snake_case(name): each for name, each in OURS.items()}
    short = {name: OURS[long] for name, long in SHORT.items()}
    legacy = {"OrthogonalInitializer": OURS["Orthogonal"]}
    return keras.saving.custom_object_scope({**OURS, **snake, **short, **legacy})


def get(identifier: Any) -> Any:
    """Return the initializer of a name, a configuration, a class, a function or a tensor.

    As `keras.initializers.get`, but that its names mean the initializers of this package.
    """
    with _scope():
        return keras.initializers.get(identifier)


def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """Return the initializer of a configuration.

    As `keras.initializers.deserialize`, but that names mean the initializers of this package.
    """
    with _scope():
        return keras.initializers.deserialize(config, custom_objects)


def _snake_case(name: str) -> str:
    return "".join("_" * (n > 0 and c.isupper()) + c.lower() for n, c in enumerate(name))
