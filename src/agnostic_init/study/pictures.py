"""What a picture shows, as plain numbers, whoever draws it: matplotlib, a page, or a terminal.

These are the results that studies hand to `save`, `report` and `in_terminal`: a study makes records
of this module, and knows of no way to draw them.
"""

from __future__ import annotations

from agnostic_init.arrays.values import Value

__all__ = ["Histogram", "Histograms", "Lines", "Picture", "Series"]


class Series(Value):
    """A curve: values over positions, and a band around them.

    Attributes
    ----------
    name
        What the legend calls it.
    x, y
        Numbers, as many of each. Those of `y` that are not finite leave a gap.
    low, high
        The lower and upper edge of a band, as many; or None.
    theory
        Whether it is what theory says; it is drawn dashed and in the colour of the series before.
    """

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float, ...] | None = None
    high: tuple[float, ...] | None = None
    theory: bool = False


class Lines(Value):
    """Curves in one pair of axes.

    Attributes
    ----------
    title, x_label, y_label
        Text.
    series
        The curves.
    alternative
        What the picture shows, in a sentence or two, for whoever cannot see it.
    x_log, y_log
        Whether an axis is logarithmic. Values that are not positive leave gaps there.
    """

    title: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]
    alternative: str
    x_log: bool = False
    y_log: bool = False


class Histogram(Value):
    """How often values fall between edges: one edge more than counts."""

    name: str
    edges: tuple[float, ...]
    counts: tuple[float, ...]


class Histograms(Value):
    """Several histograms, one above the other on one axis of values."""

    title: str
    x_label: str
    histograms: tuple[Histogram, ...]
    alternative: str


Picture = Lines | Histograms
