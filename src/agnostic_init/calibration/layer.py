"""A layer as the passes see it: weights that can be scaled, and what is known of its outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from agnostic_init.bits.key import Key
from agnostic_init.calibration.change import NONE, Change, scaled, shifted
from agnostic_init.calibration.moments import Moments
from agnostic_init.initializers.base import Initializer

__all__ = ["Layer", "Model", "Visit"]


class Layer:
    """A layer of a model, whose outputs are linear in its weights.

    A subclass says what the weights and biases are and how they are written; the originals are
    kept, and every change is made from them, so that roundings do not add up.

    Attributes
    ----------
    name
        Of its weight.
    kind
        Of the layer.
    axis, groups
        As of `agnostic_init.calibration.change.scaled`.
    channels
        The axis of its outputs that channels lie along.
    left
        Why it is left as it was; empty while it is not.
    calls
        In a pass.
    """

    def __init__(self, name: str, kind: str, axis: int | None, channels: int, groups: int) -> None:
        self.name, self.kind = name, kind
        self.axis, self.channels, self.groups = axis, channels, groups
        self.left = ""
        self.steps = self.calls = 0
        self.change = NONE
        self.slope: list[tuple[float, float]] = []
        self.before: Moments | None = None
        self.after: Moments | None = None
        self.dtype = "float32"

    @property
    def centres(self) -> bool:
        """Whether it has a bias that can be changed."""
        raise NotImplementedError

    def originals(self) -> tuple[Any, list[Any]]:
        """The weight, and its biases, to be changed."""
        raise NotImplementedError

    def write(self, weight: Any, biases: list[Any]) -> None:
        """Give the layer other values."""
        raise NotImplementedError

    def start(self, init: Initializer, key: Key) -> None:
        """Draw other originals, with biases of zero."""
        raise NotImplementedError

    def restore(self) -> None:
        """Make the layer what it was before anything."""
        raise NotImplementedError

    def moments(self, outputs: Any) -> Moments:
        """Those of outputs, on the host."""
        raise NotImplementedError

    def apply(self, change: Change) -> None:
        """Change the layer once more."""
        self.steps += 1
        self.change = change if self.change is NONE else change.after(self.change)
        weight, biases = self.originals()
        made = scaled(weight, self.change.scale, self.axis, self.groups)
        if not change.keeps_bias:
            biases = [shifted(bias, self.change.scale, self.change.offset) for bias in biases]
        self.write(made, biases)

    def give_up(self, reason: str) -> None:
        """Leave it as it was before anything."""
        self.left = reason
        self.change = NONE
        self.restore()


#: Called at every call of a layer, with its outputs and what computes them again.
Visit = Callable[[Layer, Any, Callable[[], Any]], Any]


class Model(Protocol):
    """A model as the passes see it."""

    @property
    def layers(self) -> Iterable[Layer]:
        """Those that are known, which may be found as they are called."""

    def run(self, visit: Visit) -> None:
        """A forward pass, in which the outputs of a layer are what a visit returns."""
