"""A training comparison as a page: what became of each initializer, curves with bands, and tables."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from agnostic_init.study.pictures import Findings, Lines, Page, Series, Table
from agnostic_init.study.training.comparison_rows import rows_of, rows_of_pairs
from agnostic_init.study.training.difference import LEVEL, POWER

if TYPE_CHECKING:
    from agnostic_init.study.training.comparison import Comparison

__all__ = ["page_of_comparison"]

BAND = (10.0, 90.0)  # percentiles over seeds


def page_of_comparison(found: Comparison) -> Page:
    """The page of what was found."""
    names = list(found.names)
    title = f"Training from {', '.join(names)}" if len(names) < 4 else f"Training from {len(names)}"
    title += "" if len(names) < 4 else " initializers"
    pictures = tuple(_curves(found, measure) for measure in found.curves)
    tables = [_results(found)]
    if len(names) > 1:
        tables += [_pairs(found, measure) for measure in found.curves]
    return Page(title, _summary(found), _findings(found), pictures, tuple(tables))


def _summary(found: Comparison) -> str:
    shown = {name: value for name, value in found.setting.items() if name != "initializers"}
    about = "; ".join(f"{name}: {value}" for name, value in shown.items())
    return (
        f"The same network was trained from each initializer over {len(found.seeds)} seeds ({about}). "
        "Runs of one seed have the same order of samples and the same random words, and are compared "
        "as pairs. Lines are medians over seeds, and bands reach from the 10th to the 90th "
        f"percentile. Seeds that it takes are those of a paired t test at {LEVEL:.0%} with power "
        f"{POWER:.0%}; where that is rough, the table says how rough."
    )


def _findings(found: Comparison) -> tuple[Findings, ...]:
    made = []
    for name, words in found.verdicts().items():
        said = words.split("; ")
        bad = tuple(each for each in said if each.startswith("diverged") or "not trained" in each)
        made.append(Findings(name, tuple(each for each in said if each not in bad), bad))
    return tuple(made)


def _curves(found: Comparison, measure: str) -> Lines:
    label = measure.replace("_", " ")
    series = []
    for name, curve in zip(found.names, found.curves[measure], strict=True):
        low, middle, high = _percentiles(curve)
        steps = tuple(float(each) for each in found.steps)
        series.append(Series(name, steps, _tuple(middle), _tuple(low), _tuple(high)))
    ends = ", ".join(f"{each.name} {_last(each.y)}" for each in series)
    return Lines(
        title=f"{label[0].upper()}{label[1:]}",
        x_label="steps of the optimizer",
        y_label=label,
        series=tuple(series),
        alternative=f"{label} over steps, medians of {len(found.seeds)} seeds; at the end: {ends}.",
        y_log=measure.endswith("loss"),
    )


def _percentiles(curve: Any) -> Any:
    """Over the seeds that have a measurement; NaN where none has."""
    shown = np.full((3, curve.shape[-1]), np.nan)
    for place in range(curve.shape[-1]):
        good = curve[np.isfinite(curve[:, place]), place]
        if good.size:
            shown[:, place] = np.percentile(good, (BAND[0], 50.0, BAND[1]))
    return shown


def _results(found: Comparison) -> Table:
    header, rows = rows_of(found)
    return Table("The last measurements: mean ± standard deviation over seeds", header, rows)


def _pairs(found: Comparison, measure: str) -> Table:
    header, rows = rows_of_pairs(found.pairs(measure))
    label = measure.replace("_", " ")
    return Table(f"Two by two: {label}, and the seeds that tell them apart", header, rows)


def _tuple(values: Any) -> tuple[float, ...]:
    return tuple(float(each) for each in values)


def _last(values: tuple[float, ...]) -> str:
    return f"{values[-1]:.4g}" if math.isfinite(values[-1]) else "none"
