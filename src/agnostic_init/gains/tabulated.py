"""The gains of many activation functions, side by side under every rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from agnostic_init.arrays.errors import ParameterError, must_be_type
from agnostic_init.arrays.values import Record, Value
from agnostic_init.gains.activations import activation, distinct_names
from agnostic_init.gains.gain import TORCH_NAMES, gain

__all__ = ["GainTable", "Gains", "table"]

DIGITS = 6  # after the point
NONE = "-"


class Gains(Record):
    """The gains of one activation. One that there is not is None.

    Attributes
    ----------
    name
        Of the activation.
    torch, forward, centered, backward
        The gains; see `agnostic_init.gain`.
    """

    name: str
    torch: float | None
    forward: float | None
    centered: float | None
    backward: float | None


class GainTable(Value):
    """Rows of gains, which print as a table.

    Attributes
    ----------
    rows
        A `Gains` for each activation.
    """

    rows: tuple[Gains, ...]

    def __getitem__(self, name: str) -> Gains:
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(name)

    def __len__(self) -> int:
        return len(self.rows)

    def __str__(self) -> str:
        lines = [Gains._fields, *([row.name, *map(_shown, row[1:])] for row in self.rows)]
        first, rest = max(len(line[0]) for line in lines), DIGITS + 4
        return "\n".join(
            line[0].ljust(first) + "".join(each.rjust(rest) for each in line[1:]) for line in lines
        )

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """The same for a notebook."""
        head = "".join(f"<th>{name}</th>" for name in Gains._fields)
        rows = "".join(
            f"<tr><td>{_escaped(row.name)}</td>"
            + "".join(f"<td>{_shown(each)}</td>" for each in row[1:])
            + "</tr>"
            for row in self.rows
        )
        return f"<table><tr>{head}</tr>{rows}</table>"


def table(activations: Iterable[Any] | Mapping[str, Any] | None = None) -> GainTable:
    """The gains of activation functions, under every rule of `agnostic_init.gain`.

    Parameters
    ----------
    activations
        Names, or functions that map a float64 NumPy array elementwise; or a mapping of names of your
        own to these. The default is every name that `gain` knows, without aliases, with the usual
        parameter.

    Returns
    -------
    GainTable
        Which prints itself, and has its numbers in `rows`.

    Raises
    ------
    ParameterError, ParameterTypeError
        As `agnostic_init.gain`, for what is no activation. A gain that a function has not, as where
        its slope is zero, is None.

    Examples
    --------
    >>> import numpy as np
    >>> import agnostic_init as ai
    >>> ai.gains.table(["relu", "tanh", "gelu"])
    name     torch   forward  centered  backward
    relu  1.414214  1.414214  1.712859  1.414214
    tanh  1.666667  1.592537  1.592537  1.467414
    gelu         -  1.533530  1.700926  1.481114
    >>> ai.gains.table({"my own": lambda z: np.maximum(z, 0) ** 2})["my own"].torch is None
    True
    """
    given: Any = distinct_names() if activations is None else activations
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        rule = "must be names or functions, or a mapping of names to these"
        raise must_be_type("activations", rule, activations, "['relu', 'gelu']")
    pairs = given.items() if isinstance(given, Mapping) else ((_name(each), each) for each in given)
    return GainTable(tuple(_gains(str(name), each) for name, each in pairs))


def _gains(name: str, given: str | Callable[[Any], Any]) -> Gains:
    if isinstance(given, str):
        activation(given)
    else:
        _checked(given)
    of_torch = gain(given, rule="torch") if given in TORCH_NAMES else None
    return Gains(
        name, of_torch, *(_gain(given, rule) for rule in ("forward", "centered", "backward"))
    )


def _gain(given: str | Callable[[Any], Any], rule: str) -> float | None:
    """The gain, where there is one."""
    with suppress(ParameterError):
        return gain(given, rule=rule)
    return None


def _checked(given: Any) -> None:
    """Raise for what is no activation: one has one gain at least."""
    try:
        gain(given, rule="forward")
    except ParameterError:
        gain(given, rule="backward")


def _name(given: Any) -> str:
    return given if isinstance(given, str) else str(getattr(given, "__name__", given))


def _shown(number: float | None) -> str:
    return NONE if number is None else f"{number:.{DIGITS}f}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
