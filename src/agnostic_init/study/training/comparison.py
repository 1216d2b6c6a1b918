"""What a training comparison has found: curves, what is said of them, and tables."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from agnostic_init.arrays.errors import check_choice
from agnostic_init.arrays.numbers import real_number
from agnostic_init.arrays.values import Record
from agnostic_init.models.table import table
from agnostic_init.study.training.comparison_rows import rows_of, rows_of_pairs
from agnostic_init.study.training.difference import LEVEL, POWER, Difference, difference, holm

if TYPE_CHECKING:
    from agnostic_init.study.pictures import Page

__all__ = ["Comparison", "Pair"]

Numbers = np.ndarray[Any, Any]
NO_BETTER = 0.98  # of the loss of one answer for all


class Pair(Record):
    """Two initializers, and the difference of the first from the second.

    `p_holm` is the p of the difference corrected for the number of pairs. Where runs diverged there
    is no difference, and `why_not` says so.
    """

    first: str
    second: str
    difference: Difference | None
    p_holm: float
    why_not: str


@dataclass(frozen=True, eq=False)
class Comparison:
    """The same network, trained from several initializers over several seeds.

    A run that diverged, or did not come so far, is NaN from there on.

    Attributes
    ----------
    names
        What the initializers are called.
    seeds
        The seeds. Runs of the same seed have the same order of samples, and weights of the same
        random words: they are pairs.
    steps
        After how many steps of the optimizer there are measurements; 0 is before the first.
    curves
        Arrays of shape (initializers, seeds, measurements): "train_loss" and "test_loss", the means
        over all samples, and for classes "test_accuracy".
    measured
        How many measurements there are of each run, of shape (initializers, seeds): fewer than of
        `steps` where it was stopped.
    units
        Distinct units of each hidden layer at the end, of shape (initializers, seeds, layers); -1
        where a run has not ended, or diverged. 1 is a layer whose symmetry was never broken.
    widths
        How many units hidden layers have.
    baseline
        The train loss of the best answer that is the same for every input.
    setting
        What was trained, and how, in words and numbers.
    """

    names: tuple[str, ...]
    seeds: tuple[int, ...]
    steps: tuple[int, ...]
    curves: dict[str, Numbers] = field(repr=False)
    measured: Numbers = field(repr=False)
    units: Numbers = field(repr=False)
    widths: tuple[int, ...]
    baseline: float
    setting: dict[str, Any] = field(repr=False)

    def final(self, measure: str = "test_loss") -> Numbers:
        """The last measurement of each run, of shape (initializers, seeds).

        Raises
        ------
        ParameterError
            If there is no such measure.
        """
        check_choice("measure", measure, self.curves)
        return self.curves[measure][:, :, -1]

    def steps_to(self, value: float, measure: str = "train_loss") -> Numbers:
        """After how many steps each run was first measured at or below a value; inf for never.

        At or above it for an accuracy. Of shape (initializers, seeds).
        """
        check_choice("measure", measure, self.curves)
        goal, curve = real_number("value", value), self.curves[measure]
        with np.errstate(invalid="ignore"):
            there = curve >= goal if measure.endswith("accuracy") else curve <= goal
        found = np.asarray(self.steps, np.float64)[there.argmax(axis=-1)]
        return np.where(there.any(axis=-1), found, math.inf)

    @property
    def diverged(self) -> Numbers:
        """The step of the first measurement that is not finite, of each run; -1 where all are."""
        bad = ~np.isfinite(self.curves["train_loss"])
        bad &= np.arange(len(self.steps)) < self.measured[..., None]
        step = np.asarray(self.steps)[bad.argmax(axis=-1)]
        return np.where(bad.any(axis=-1), step, -1)

    def pairs(
        self,
        measure: str = "test_loss",
        test: str = "paired",
        *,
        level: float = LEVEL,
        power: float = POWER,
    ) -> list[Pair]:
        """Every two initializers, and what tells them apart in the last measurement.

        Parameters
        ----------
        measure
            One of `curves`.
        test, level, power
            As of `difference`.
        """
        last, found = self.final(measure), []
        for a, b in itertools.combinations(range(len(self.names)), 2):
            names = self.names[a], self.names[b]
            bad = int((~np.isfinite(last[[a, b]])).any(axis=0).sum())
            if bad or len(self.seeds) < 2:
                why = f"{bad} of {len(self.seeds)} seeds have no result" if bad else "one seed"
                found.append(Pair(*names, None, math.nan, why))
                continue
            apart = difference(last[a], last[b], test, level=level, power=power)
            found.append(Pair(*names, apart, math.nan, ""))
        corrected = iter(holm([each.difference.p for each in found if each.difference is not None]))
        return [
            pair if pair.difference is None else pair._replace(p_holm=next(corrected))
            for pair in found
        ]

    def verdicts(self) -> dict[str, str]:
        """What becomes of a network from each initializer, in words."""
        return {name: "; ".join(self._words(place)) for place, name in enumerate(self.names)}

    def _words(self, place: int) -> Iterator[str]:
        many, steps = len(self.seeds), self.diverged[place]
        loss = self.curves["train_loss"][place]
        bad = int((steps >= 0).sum())
        if bad:
            last = int(steps[steps >= 0].min())
            yield f"diverged: the loss of {bad} of {many} seeds is not finite after {last:,} steps"
        ended = self.units[place].min(axis=-1, initial=1) >= 0
        unfinished = int((self.measured[place] < len(self.steps)).sum())
        if unfinished:
            yield f"{unfinished} of {many} seeds were not trained to the end"
        whole = [
            layer
            for layer, width in enumerate(self.widths)
            if width > 1 and ended.any() and (self.units[place, ended, layer] == 1).all()
        ]
        if whole:
            first, *others = (layer + 1 for layer in whole)
            also = f", and so in layers {', '.join(map(str, others))}" if others else ""
            width = self.widths[whole[0]]
            yield f"symmetry never broken: the {width} units of layer {first} are one{also}"
        good = loss[np.isfinite(loss[:, -1]), -1]
        if good.size:
            learns = float(good.mean()) < NO_BETTER * self.baseline
            yield "learns" if learns else "does not learn: no better than one answer for all inputs"

    def table(self) -> str:
        """The last measurements, mean ± standard deviation over seeds, and the verdicts, as text."""
        header, rows = rows_of(self)
        said = [(*row, self.verdicts()[row[0]]) for row in rows]
        return table((*header, "verdict"), said, right=header[1:])

    def table_of_pairs(self, measure: str = "test_loss", test: str = "paired") -> str:
        """What tells each two apart, as text; "seeds" are those that it takes."""
        header, rows = rows_of_pairs(self.pairs(measure, test))
        return table(header, rows, right=header[2:])

    def page(self) -> Page:
        """What is shown of it: for `save` and `as_text`."""
        from agnostic_init.study.training.comparison_page import page_of_comparison

        return page_of_comparison(self)

    def to_dict(self) -> dict[str, Any]:
        """All of it, of types that JSON can hold; what is not finite is None."""
        return {
            "setting": dict(self.setting),
            "initializers": list(self.names),
            "seeds": list(self.seeds),
            "steps": list(self.steps),
            "baseline": self.baseline,
            "verdicts": self.verdicts(),
            "measured": self.measured.tolist(),
            "curves": {name: _plain(curve) for name, curve in self.curves.items()},
            "units": self.units.tolist(),
            "pairs": {measure: self._plain_pairs(measure) for measure in self.curves},
        }

    def _plain_pairs(self, measure: str) -> list[dict[str, Any]]:
        return [
            {"first": pair.first, "second": pair.second, "p_holm": _finite(pair.p_holm)}
            | dict(zip(Difference._fields, map(_finite, pair.difference or ()), strict=False))
            | ({"why_not": pair.why_not} if pair.why_not else {})
            for pair in self.pairs(measure)
        ]

    def __str__(self) -> str:
        shown = {name: each for name, each in self.setting.items() if name != "initializers"}
        about = "\n".join(f"{name}: {each}" for name, each in shown.items())
        text = f"{about}\nseeds: {', '.join(map(str, self.seeds))}\n\n{self.table()}"
        if len(self.names) > 1:
            text += (
                f"\n\ntest loss, paired t test; seeds for power {POWER} at {LEVEL:.0%}\n"
                f"{self.table_of_pairs()}"
            )
        return text


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _plain(values: Numbers) -> Any:
    shown = values.astype(object)
    shown[~np.isfinite(values)] = None
    return shown.tolist()
