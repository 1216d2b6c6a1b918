"""What a page or a picture shows, as plain numbers and words, whoever draws it: matplotlib, HTML, a terminal.

A study makes records of this module, and knows of no way to draw them. Its result has a method
``page()`` that returns a `Page`; that is all that `agnostic_init.study.save` asks of it.
"""

from __future__ import annotations

from agnostic_init.arrays.values import Value

__all__ = ["Findings", "Histogram", "Histograms", "Lines", "Page", "Picture", "Series", "Table"]


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
    points
        Whether it is drawn as points, with no line between them.
    """

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float, ...] | None = None
    high: tuple[float, ...] | None = None
    theory: bool = False
    points: bool = False


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
    y_range
        The least that the axis of `y` shows, where it shows more than the values take: of shares,
        from 0 to 1.
    """

    title: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]
    alternative: str
    x_log: bool = False
    y_log: bool = False
    y_range: tuple[float, float] | None = None


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


class Table(Value):
    """A table of text: a row is as long as the header. All but the first column are numbers."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Findings(Value):
    """Sentences about one thing, as a network or an initializer.

    Attributes
    ----------
    title
        What they are about.
    sentences
        What was found.
    problems
        What kept the study from being whole.
    """

    title: str
    sentences: tuple[str, ...]
    problems: tuple[str, ...] = ()


class Page(Value):
    """All that a study has to show.

    Attributes
    ----------
    title
        Of the page.
    summary
        A paragraph that says what was studied, and how.
    findings, pictures, tables
        In the order in which they are shown.
    """

    title: str
    summary: str
    findings: tuple[Findings, ...] = ()
    pictures: tuple[Picture, ...] = ()
    tables: tuple[Table, ...] = ()
