"""Other libraries' names for these initializers, each imported when it is first used."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agnostic_init.compat import jax as jax
    from agnostic_init.compat import keras as keras
    from agnostic_init.compat import torch_init as torch_init

__all__ = ["jax", "keras", "torch_init"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return importlib.import_module(f"agnostic_init.compat.{name}")


def __dir__() -> list[str]:
    return sorted(__all__)
