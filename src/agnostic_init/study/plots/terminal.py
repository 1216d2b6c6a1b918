"""Pages and pictures as text, for terminals; in ASCII, which all of them show."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence

from agnostic_init.models.table import table
from agnostic_init.study.pictures import Histograms, Lines, Page, Picture, Series

__all__ = ["as_text", "picture_as_text"]

MARKS = "abcdefghijklmnopqrstuvwxyz"
THEORY = "."
SHADES = " .:-=+*#%@"


def as_text(page: Page, width: int = 80) -> str:
    """A page as text of so many columns."""
    parts = [page.title, textwrap.fill(page.summary, width)]
    for each in page.findings:
        lines = [f"! {said}" for said in each.problems] + [f"- {said}" for said in each.sentences]
        wrapped = [textwrap.fill(line, width, subsequent_indent="  ") for line in lines]
        parts.append("\n".join([f"{each.title}:", *wrapped]))
    parts += [picture_as_text(each, width) for each in page.pictures]
    for one in page.tables:
        parts.append(f"{one.title}\n{table(one.header, one.rows, right=one.header[1:])}")
    return "\n\n".join(part for part in parts if part)


def picture_as_text(picture: Picture, width: int = 80, height: int = 16) -> str:
    """A picture as text.

    Examples
    --------
    >>> from agnostic_init.study import Lines, Series
    >>> rising = Series("rising", (0.0, 1.0, 2.0), (0.0, 1.0, 2.0))
    >>> print(picture_as_text(Lines("A line", "step", "size", (rising,), "It rises."), 30, 3))
    A line: size by step
    2 |                          a
    1 |            a
    0 |a
      +--------------------------
       0                        2
    a rising
    """
    if isinstance(picture, Histograms):
        return _histograms(picture, width)
    return _lines(picture, width, height)


def _lines(picture: Lines, width: int, height: int) -> str:
    title = f"{picture.title}: {picture.y_label} by {picture.x_label}"
    named = _marks(picture.series)
    points = [
        (mark, *found)
        for mark, series in named
        for x, y in zip(series.x, series.y, strict=True)
        if (found := _place(x, y, picture)) is not None
    ]
    if not points:
        return f"{title}\n(nothing of it is finite{' and positive' * picture.y_log})"
    x_low, x_high = min(p[1] for p in points), max(p[1] for p in points)
    y_low, y_high = min(p[2] for p in points), max(p[2] for p in points)
    if picture.y_range is not None:
        y_low, y_high = min(y_low, picture.y_range[0]), max(y_high, picture.y_range[1])
    labels = [
        _label(y_low + (y_high - y_low) * i / (height - 1), picture.y_log) for i in range(height)
    ]
    margin = max(map(len, labels))
    columns = max(width - margin - 3, 10)
    grid = [[" "] * columns for _ in range(height)]
    for mark, x, y in reversed(points):
        column = round((columns - 1) * (x - x_low) / (x_high - x_low)) if x_high > x_low else 0
        row = round((height - 1) * (y - y_low) / (y_high - y_low)) if y_high > y_low else 0
        if mark != THEORY or grid[row][column] == " ":
            grid[row][column] = mark
    rows = [f"{labels[i].rjust(margin)} |{''.join(grid[i])}".rstrip() for i in range(height)][::-1]
    ends = _label(x_low, picture.x_log), _label(x_high, picture.x_log)
    axis = f"{' ' * margin} +{'-' * columns}"
    below = f"{' ' * margin}  {ends[0]}{ends[1].rjust(columns - len(ends[0]))}"
    legend = [f"{mark} {series.name}" for mark, series in named if mark != THEORY]
    if any(mark == THEORY for mark, _ in named):
        legend.append(f"{THEORY} theory")
    return "\n".join([title, *rows, axis, below, *legend])


def _marks(series: Sequence[Series]) -> list[tuple[str, Series]]:
    found, number = [], 0
    for each in series:
        if each.theory:
            found.append((THEORY, each))
        else:
            found.append((MARKS[number % len(MARKS)], each))
            number += 1
    return found


def _place(x: float, y: float, picture: Lines) -> tuple[float, float] | None:
    """Where a point lies on the axes; None where it has no place there."""
    if not (math.isfinite(x) and math.isfinite(y)):
        return None
    if (picture.x_log and x <= 0) or (picture.y_log and y <= 0):
        return None
    return math.log10(x) if picture.x_log else x, math.log10(y) if picture.y_log else y


def _label(value: float, log: bool) -> str:
    return f"{10**value:.2g}" if log else f"{value:.3g}"


def _histograms(picture: Histograms, width: int) -> str:
    """A line for each: shades, from its smallest value to its largest."""
    margin = max((len(each.name) for each in picture.histograms), default=0)
    lines = []
    for each in picture.histograms:
        low, high = f"{each.edges[0]:.2g}", f"{each.edges[-1]:.2g}"
        columns = max(width - margin - len(low) - len(high) - 6, 10)
        most = max(each.counts) or 1.0
        number = len(each.counts)
        shades = "".join(
            SHADES[math.ceil((len(SHADES) - 1) * each.counts[i * number // columns] / most)]
            for i in range(columns)
        )
        lines.append(f"{each.name.ljust(margin)}  {low} |{shades}| {high}")
    return "\n".join([f"{picture.title}: {picture.x_label}", *lines])
