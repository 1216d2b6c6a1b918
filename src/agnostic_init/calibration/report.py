"""What was done to each layer: the moments before and after, and why some were left alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from agnostic_init.calibration.moments import Moments
from agnostic_init.models.table import table

__all__ = ["Calibrated", "Calibration", "Spread", "spread_of"]


@dataclass(frozen=True, slots=True)
class Spread:
    """The moments of a layer's outputs, in numbers.

    Attributes
    ----------
    mean, variance
        Of all outputs; of complex ones the size of the mean.
    lowest, highest
        The least and the largest variance of a channel.
    """

    mean: float
    variance: float
    lowest: float
    highest: float

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as JSON can hold them; "inf", "-inf" and "nan" are strings there."""
        return {
            "mean": _figure(self.mean),
            "variance": _figure(self.variance),
            "lowest": _figure(self.lowest),
            "highest": _figure(self.highest),
        }


@dataclass(frozen=True, slots=True)
class Calibrated:
    """A layer, and what became of it.

    Attributes
    ----------
    name
        Of its weight.
    kind
        The type of the layer.
    left
        Why the layer is as it was before; empty if it was calibrated.
    steps
        How many it took.
    calls
        How often the layer is called in a forward pass.
    before, after
        The moments of its outputs; None if the batch does not reach it.
    """

    name: str
    kind: str
    left: str
    steps: int
    calls: int
    before: Spread | None
    after: Spread | None

    def to_dict(self) -> dict[str, Any]:
        """Return the row in types that JSON can hold."""
        return {
            "name": self.name,
            "kind": self.kind,
            "left": self.left,
            "steps": self.steps,
            "calls": self.calls,
            "before": None if self.before is None else self.before.to_dict(),
            "after": None if self.after is None else self.after.to_dict(),
        }


@dataclass(frozen=True, slots=True, repr=False)
class Calibration:
    """What `agnostic_init.calibrate` has done: its text is a table of the layers.

    It is read as its rows, or by name: ``done["0.weight"]``.

    Attributes
    ----------
    method
        Its name.
    tolerance
        How far moments may be off: that which was asked for, or the default of full precision.
    rows
        The layers, in the order in which the batch reaches them, and then those that it does not.
    others
        The names of weights of two axes or more that no known layer has, as those of embeddings.
    parameters
        Of a function that is no module: all of its arrays, those of the layers new. None of a
        module, whose parameters were written.
    """

    method: str
    tolerance: float
    rows: tuple[Calibrated, ...]
    others: tuple[str, ...] = ()
    parameters: Mapping[str, Any] | None = field(default=None, compare=False)

    @property
    def converged(self) -> bool:
        """Whether no layer was left as it was."""
        return not self.left

    @property
    def left(self) -> dict[str, str]:
        """The layers that are as they were, and of each the reason."""
        return {row.name: row.left for row in self.rows if row.left}

    def __iter__(self) -> Iterator[Calibrated]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, name: str) -> Calibrated:
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(name)

    def __repr__(self) -> str:
        done = len(self.rows) - len(self.left)
        return f"Calibration({self.method}: {done} of {len(self.rows)} layers)"

    def __str__(self) -> str:
        header = ["layer", "kind", "mean before", "variance before", "mean after", "variance after"]
        rows = [
            [
                row.name,
                row.kind,
                *_shown(row.before),
                *_shown(row.after),
                str(row.steps),
                row.left,
            ]
            for row in self.rows
        ]
        right = (*header[2:], "steps")
        text = table([*header, "steps", "left as it was"], rows, right=right)
        return f"{text}\nof no such layer: {', '.join(self.others)}" if self.others else text

    def to_dict(self) -> dict[str, Any]:
        """Return what was done in types that JSON can hold, without the parameters."""
        return {
            "method": self.method,
            "tolerance": self.tolerance,
            "converged": self.converged,
            "others": list(self.others),
            "layers": [row.to_dict() for row in self.rows],
        }


def spread_of(moments: Moments | None) -> Spread | None:
    """The moments, which are on the host, in numbers; None of no outputs."""
    if moments is None or not moments.count:
        return None
    with np.errstate(all="ignore"):
        whole = moments.overall
    mean = whole.mean[0]
    return Spread(
        float(abs(mean) if np.iscomplexobj(mean) else mean),
        float(whole.variance[0]),
        float(np.min(moments.variance)),
        float(np.max(moments.variance)),
    )


def _shown(spread: Spread | None) -> tuple[str, str]:
    return ("-", "-") if spread is None else (f"{spread.mean:.4g}", f"{spread.variance:.4g}")


def _figure(value: float) -> Any:
    return value if math.isfinite(value) else str(value)
