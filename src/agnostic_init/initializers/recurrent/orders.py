"""In which order frameworks put the gates of a recurrent layer side by side."""

from __future__ import annotations

from typing import Any

from agnostic_init.arrays.errors import check_choice, must, must_be_type
from agnostic_init.arrays.numbers import integer
from agnostic_init.arrays.values import Record

__all__ = ["CELLS", "FRAMEWORKS", "Framework", "Order", "order_of"]

#: The gates of each cell: input, forget, cell and output; reset, update and candidate.
CELLS = {"lstm": "ifgo", "gru": "rzn"}
_ALSO = {"c": "g", "j": "g", "h": "n"}  # what else the cell and the candidate are called


class Framework(Record):
    """A framework's layers.

    Attributes
    ----------
    lstm, gru
        The order of the gates.
    axis
        The axis of a weight that they lie along.
    biases
        How many biases a layer has, which it adds.
    forgets
        What the layer itself adds to the bias of its forget gate.
    keeps
        Whether the update gate of the GRU is what is kept of the state, and not what is replaced.
    """

    lstm: str
    gru: str
    axis: int
    biases: int = 1
    forgets: float = 0.0
    keeps: bool = True


FRAMEWORKS = {
    "torch": Framework("ifgo", "rzn", 0, biases=2),
    "equinox": Framework("ifgo", "rzn", 0),
    "mlx": Framework("ifgo", "rzn", 0),
    "flax": Framework("ifgo", "rzn", -1),
    "haiku": Framework("igfo", "zrn", -1, forgets=1.0, keeps=False),
    "keras": Framework("ifgo", "zrn", -1),
}


class Order(Record):
    """Gates as they lie along an axis.

    Attributes
    ----------
    letters
        One for each gate, as in `CELLS`.
    axis
        The axis.
    framework
        The framework; None if letters were given.
    """

    letters: str
    axis: int
    framework: Framework | None


def order_of(order: Any, cell: Any, axis: Any) -> Order:
    """The order that a framework or letters stand for.

    Parameters
    ----------
    order
        A framework of `FRAMEWORKS`, or the letters themselves, as "ifco".
    cell
        "lstm" or "gru".
    axis
        The axis that was given; None for that of the framework.
    """
    check_choice("cell", cell, CELLS)
    along = None if axis is None else integer("axis", axis)
    known = f"one of {', '.join(FRAMEWORKS)}, or letters such as 'ifgo'"
    if not isinstance(order, str):
        hint = "" if order is not None else "order='torch'"
        raise must_be_type("order", f"must be {known}", order, hint)
    framework = FRAMEWORKS.get(order)
    if framework is not None:
        letters = framework.lstm if cell == "lstm" else framework.gru
        return Order(letters, framework.axis if along is None else along, framework)
    letters = "".join(_ALSO.get(letter, letter) for letter in order)
    gates = CELLS[cell]
    if sorted(letters) != sorted(gates):
        raise must("order", f"must be {known} for a {cell}, each of {gates} once", order)
    if along is None:
        raise must("axis", "must be given where `order` is letters", None, "axis=0 or axis=-1")
    return Order(letters, along, None)
