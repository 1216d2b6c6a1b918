"""The rows of a training comparison's tables."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from agnostic_init.study.training.comparison import Comparison, Pair

__all__ = ["Row", "rows_of", "rows_of_pairs"]

Row = tuple[str, ...]
MEASURES = ("train loss", "test loss", "test accuracy")
OF_PAIRS = ("first", "second", "difference", "95 % interval", "p", "p, Holm", "seeds", "or so")


def rows_of(found: Comparison) -> tuple[Row, tuple[Row, ...]]:
    """The last measurements, mean and standard deviation over seeds: a header, and rows."""
    shown = [title for title in MEASURES if title.replace(" ", "_") in found.curves]
    rows = [
        (name, *(_spread(found.final(title.replace(" ", "_"))[place]) for title in shown))
        for place, name in enumerate(found.names)
    ]
    return ("initializer", *shown), tuple(rows)


def rows_of_pairs(pairs: Sequence[Pair]) -> tuple[Row, tuple[Row, ...]]:
    """What tells each two apart: a header, and rows."""
    rows: list[Row] = []
    for pair in pairs:
        names, apart = (pair.first, pair.second), pair.difference
        if apart is None:
            rows.append((*names, pair.why_not, "", "", "", "", ""))
            continue
        rows.append(
            (
                *names,
                f"{apart.mean:+.4g}",
                f"{apart.low:+.4g} to {apart.high:+.4g}",
                f"{apart.p:.2g}",
                f"{pair.p_holm:.2g}",
                _seeds(apart.seeds),
                f"{_seeds(apart.seeds_low)} to {_seeds(apart.seeds_high)}",
            )
        )
    return OF_PAIRS, tuple(rows)


def _spread(values: Any) -> str:
    good = values[np.isfinite(values)]
    if not good.size:
        return "none"
    spread = f" ± {good.std(ddof=1):.2g}" if good.size > 1 else ""
    return f"{good.mean():.4g}{spread}"


def _seeds(count: float) -> str:
    return f"{count:,}" if math.isfinite(count) else "∞"
