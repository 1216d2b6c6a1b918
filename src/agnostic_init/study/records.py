"""What a study of signals found: a row for each layer, and what it says as a whole."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from agnostic_init.arrays.values import Value
from agnostic_init.models.table import table
from agnostic_init.study.pictures import Histogram
from agnostic_init.study.theory import Phase

__all__ = ["Layer", "Signal", "shown_columns"]

COLUMNS = {
    "rms": "size",
    "theory_rms": "(theory)",
    "mean": "mean",
    "std": "std",
    "similarity": "alike",
    "dead": "dead",
    "saturated": "flat",
    "gradient": "gradient",
    "theory_gradient": "(theory)",
    "weight_gradient": "of weights",
}
SHARES = ("dead", "saturated")


class Layer(Value):
    """What was measured behind a layer. A figure that does not apply, or was not reached, is None.

    Attributes
    ----------
    name
        Of the layer; "input" for what the network is given.
    kind
        Such as "dense, activation", or the type of a module.
    shape
        Of what it returns for one example.
    mean, std, rms
        Of all values: their mean, standard deviation and root mean square.
    similarity
        The mean cosine of the values of two examples: 1 where all examples have become one.
    dead
        The share of units whose activation has the slope 0 for all examples: they do not learn.
    saturated
        The share of values at which the activation's slope is under 5 % of its steepest.
    gradient
        The root mean square of the gradient of the layer's result.
    weight_gradient
        The norm of the gradient of its weights.
    copies
        Whether all of its units have the same values, so that they will never differ.
    theory_rms, theory_similarity, theory_gradient
        What mean-field theory expects of the same figures.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    mean: float | None = None
    std: float | None = None
    rms: float | None = None
    similarity: float | None = None
    dead: float | None = None
    saturated: float | None = None
    gradient: float | None = None
    weight_gradient: float | None = None
    copies: bool = False
    theory_rms: float | None = None
    theory_similarity: float | None = None
    theory_gradient: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The same as a dictionary that JSON can hold."""
        return {**vars(self), "shape": list(self.shape)}


class Signal(Value):
    """What becomes of a signal and of its gradient in a network. Printed it is a table and words.

    Attributes
    ----------
    name
        Of the network.
    layers
        The input and the layers, in the order of the signal.
    verdicts
        What that means, in words.
    problems
        What kept the study from being whole, in words; what was found until then is there.
    singular_values
        Of the Jacobian of the output by the input, at the first example, from the largest; empty
        where it was not computed.
    phase
        Where mean-field theory sees the network; None where it says nothing.
    weights
        Histograms of the weights of some layers.
    about
        What was studied: a stack's parameters, the library, dtype and number of examples.
    """

    name: str
    layers: tuple[Layer, ...]
    verdicts: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    singular_values: tuple[float, ...] = ()
    phase: Phase | None = None
    weights: tuple[Histogram, ...] = ()
    about: dict[str, Any] | None = None

    def __hash__(self) -> int:
        return hash((self.name, self.layers, self.verdicts))

    def column(self, name: str) -> tuple[float, ...]:
        """A figure of all layers, with NaN where there is none.

        Examples
        --------
        >>> Signal("none", (Layer("input", "", (3,), rms=1.0), Layer("1", "", (3,)))).column("rms")
        (1.0, nan)
        """
        found = [getattr(layer, name) for layer in self.layers]
        return tuple(math.nan if each is None else float(each) for each in found)

    def to_dict(self) -> dict[str, Any]:
        """The same as a dictionary that JSON can hold: numbers that are not finite are strings."""
        return {
            "name": self.name,
            "verdicts": list(self.verdicts),
            "problems": list(self.problems),
            "layers": [_plain(layer.to_dict()) for layer in self.layers],
            "singular_values": [_plain(each) for each in self.singular_values],
            "phase": None if self.phase is None else self.phase.to_dict(),
            "weights": [
                {"name": each.name, "edges": list(each.edges), "counts": list(each.counts)}
                for each in self.weights
            ],
            "about": self.about,
        }

    def __str__(self) -> str:
        lines = [self.name, *(f"! {each}" for each in self.problems)]
        lines += [f"- {each}" for each in self.verdicts]
        header, rows = shown_columns(_some(self.layers))
        return "\n".join([*lines, table(header, rows, right=header[1:])])


def shown_columns(layers: Sequence[Layer]) -> tuple[list[str], list[list[str]]]:
    """A table of layers, of the figures that any of them has: its header, and its rows."""
    names = [name for name in COLUMNS if any(getattr(layer, name) is not None for layer in layers)]
    rows = [
        [layer.name, *(_shown(name, getattr(layer, name)) for name in names)] for layer in layers
    ]
    return ["layer", *(COLUMNS[name] for name in names)], rows


def _some(layers: Sequence[Layer], most: int = 26) -> list[Layer]:
    """Some of many layers, the first and the last among them."""
    if len(layers) <= most:
        return list(layers)
    last = len(layers) - 1
    return [layers[round(i * last / (most - 1))] for i in range(most)]


def _shown(name: str, value: float | None) -> str:
    if value is None:
        return ""
    return f"{100 * value:.0f} %" if name in SHARES else f"{value:.3g}"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
