"""Keras's names for initializers, for these."""

from __future__ import annotations

from typing import Any

import keras

from agnostic_init.compat.keras import random, scaled

__all__ = ["deserialize", "get", "patch"]

OURS: dict[str, Any] = {
    name: getattr(module, name) for module in (random, scaled) for name in module.__all__
}
SHORT = {"normal": "RandomNormal", "uniform": "RandomUniform"}


def patch() -> Any:
    """Return a context in which Keras's names for initializers mean those of this package.

    Names such as ``kernel_initializer="he_normal"``, and the defaults of layers, which are names.
    It holds for the thread that entered it and ends with its block, also by an exception. Classes
    that are called as ``keras.initializers.HeNormal()`` remain Keras's.
    """
    snake = {_snake_case(name): each for name, each in OURS.items()}
    short = {name: OURS[long] for name, long in SHORT.items()}
    legacy = {"OrthogonalInitializer": OURS["Orthogonal"]}
    return keras.saving.custom_object_scope({**OURS, **snake, **short, **legacy})


def get(identifier: Any) -> Any:
    """Return the initializer of a name, a configuration, a class, a function or a tensor.

    As `keras.initializers.get`, but that its names mean the initializers of this package.
    """
    with patch():
        return keras.initializers.get(identifier)


def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """Return the initializer of a configuration.

    As `keras.initializers.deserialize`, but that names mean the initializers of this package.
    """
    with patch():
        return keras.initializers.deserialize(config, custom_objects)


def _snake_case(name: str) -> str:
    return "".join("_" * (n > 0 and c.isupper()) + c.lower() for n, c in enumerate(name))
