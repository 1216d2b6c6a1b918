"""A convention: tables from types of layers to the initializers of their tensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from agnostic_init.initializers.base import Initializer
from agnostic_init.models.torch_names import Place

__all__ = ["Convention", "Layer", "Model", "Tensors", "kind_of"]

#: Of a layer's tensors, by their paths from it: a parent may say something of its children's.
Tensors = dict[str, Initializer]
Layer = Callable[[Any, "Model"], Tensors]
RESETS = ("reset_parameters", "_reset_parameters")


@dataclass(frozen=True)
class Model:
    """What a layer's initializers may depend on beyond the layer.

    Attributes
    ----------
    name
        The canonical name of the layer.
    places
        All modules of the model.
    options
        What the user asked of the conventions: ``forget_bias`` and ``layers``.
    """

    name: str
    places: tuple[Place, ...]
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Convention:
    """Which initializers the tensors of a layer have.

    Parameters
    ----------
    name
        Of the convention.
    layers
        By the full name of a class, the layers that inherit from it; the nearest class counts.
    any_layer
        What is said of tensors by their names, of layers of any type.
    as_written
        Whether a layer that resets itself in another way than its class in the table does is none
        of that class.
    check
        Called with the model before anything else.
    by_depth
        Whether it depends on how many layers a model has.
    """

    name: str
    layers: Mapping[str, Layer]
    any_layer: Layer | None = None
    as_written: bool = False
    check: Callable[[Model], None] | None = None
    by_depth: bool = False

    def tensors(self, module: Any, model: Model) -> Tensors:
        """The initializers of a layer's tensors; empty where nothing is known of it."""
        found: Tensors = {} if self.any_layer is None else dict(self.any_layer(module, model))
        for kind in type(module).__mro__:
            layer = self.layers.get(kind_of(kind))
            if layer is not None:
                if self.as_written and _resets_otherwise(type(module), kind):
                    break
                return layer(module, model) | found
        return found


def kind_of(kind: type) -> str:
    """The full name of a class."""
    return f"{kind.__module__}.{kind.__qualname__}"


def _resets_otherwise(kind: type, known: type) -> bool:
    return any(getattr(kind, name, None) is not getattr(known, name, None) for name in RESETS)
