"""Runs that are being trained: what was measured of each so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from agnostic_init.study.training.comparison import Comparison
from agnostic_init.study.training.data import Data
from agnostic_init.study.training.schedule import Schedule

__all__ = ["Runs", "distinct_units"]

MEASURES = ("train_loss", "test_loss", "test_accuracy")
SAME = 1e-6  # how far weights are apart, over the largest, that are taken for equal


class Runs:
    """One run for each initializer and seed, as places in a table.

    Parameters
    ----------
    names, seeds
        Of the rows and the columns.
    data, schedule
        What is trained on, and when is measured.
    widths
        How many units hidden layers have.
    accuracy
        Whether the accuracy is measured.
    """

    def __init__(
        self,
        names: Sequence[str],
        seeds: Sequence[int],
        data: Data,
        schedule: Schedule,
        widths: Sequence[int],
        *,
        accuracy: bool,
    ) -> None:
        self.names, self.seeds, self.data = tuple(names), tuple(seeds), data
        self.schedule, self.widths = schedule, tuple(widths)
        measures = MEASURES if accuracy else MEASURES[:2]
        shape = len(self.names), len(self.seeds)
        points = len(schedule.points)
        self.curves = {name: np.full((*shape, points), np.nan) for name in measures}
        self.measured = np.zeros(shape, np.int64)
        self.units = np.full((*shape, len(self.widths)), -1)
        # Initializers of one seed stand side by side, so that what is found first can be compared.
        self.places = [(i, s) for s in range(shape[1]) for i in range(shape[0])]

    @property
    def total(self) -> int:
        """Steps of all runs together."""
        return len(self.places) * self.schedule.total

    def measure(self, run: tuple[int, int], point: int, values: Mapping[str, float]) -> None:
        """Note what was measured; NaN of all where a loss is not finite."""
        fine = all(np.isfinite(each) for each in values.values())
        for name, curve in self.curves.items():
            curve[(*run, point)] = values[name] if fine else np.nan
        self.measured[run] = point + 1

    def end(self, run: tuple[int, int], weights: Sequence[Any]) -> None:
        """Note the weights of the hidden layers, whose rows are units."""
        self.measured[run] = len(self.schedule.points)
        self.units[run] = [distinct_units(each) for each in weights]

    def told(self, run: tuple[int, int]) -> str:
        """What a run is called."""
        return f"{self.names[run[0]]}, seed {self.seeds[run[1]]}"

    def comparison(self, setting: Mapping[str, Any]) -> Comparison:
        """What has been found so far."""
        return Comparison(
            names=self.names,
            seeds=self.seeds,
            steps=self.schedule.points,
            curves={name: curve.copy() for name, curve in self.curves.items()},
            measured=self.measured.copy(),
            units=self.units.copy(),
            widths=self.widths,
            baseline=self.data.baseline,
            setting={
                "data": str(self.data),
                **setting,
                "epochs": self.schedule.epochs,
                "batch": self.schedule.size,
            },
        )


def distinct_units(weights: Any) -> int:
    """How many of the rows of a matrix differ, by more than rounding; -1 where it is not finite.

    Examples
    --------
    >>> distinct_units(np.ones((20, 10)))
    1
    """
    most = float(np.abs(weights).max(initial=0.0))
    if not np.isfinite(most):
        return -1
    rows = weights / (most or 1.0)
    # Equal rows are neighbours in the order of their products with one and the same vector.
    order = np.argsort(rows @ np.cos(1.0 + np.arange(rows.shape[1])), stable=True)
    apart = np.abs(np.diff(rows[order], axis=0)).max(axis=-1, initial=0.0) > SAME
    return int(apart.sum()) + 1
