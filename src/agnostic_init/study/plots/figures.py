"""Pictures drawn by matplotlib, without a display and without any state of its own."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import Any

from agnostic_init.arrays.errors import not_imported
from agnostic_init.study.pictures import Histograms, Lines, Picture, Series

__all__ = ["COLOURS", "check_matplotlib", "png", "svg"]

# Okabe and Ito's, which are told apart by most people who do not see all colours.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000", "#b8a800")
MARKS = "os^Dv<>P*"
WIDE, NARROW = (7.2, 3.9), (3.9, 2.8)  # inches, without the legend
LINE = 0.17  # of a legend, in inches
FEW = 40  # points, which are marked
STYLE = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "axes.axisbelow": True,
    "legend.frameon": False,
    "svg.hashsalt": "agnostic_init",  # the same file every time
    "svg.fonttype": "path",
    "text.parse_math": False,  # a name may hold dollars
}


def check_matplotlib() -> None:
    """Raise unless matplotlib can be imported; the error says which extra brings it."""
    try:
        import matplotlib  # noqa: F401, ICN001
    except ImportError as error:
        raise not_imported(error, "matplotlib", "A picture", "plots") from error


def svg(picture: Picture, *, narrow: bool = False) -> str:
    """A picture as the text of an SVG file; narrow, as for a phone, where that is asked for.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    return _saved([picture], "svg", narrow=narrow).decode()


def png(pictures: Sequence[Picture], *, kind: str = "png") -> bytes:
    """Pictures in one image, one below the other; `kind` may be "svg" too."""
    return _saved(pictures, kind, narrow=False)


def _saved(pictures: Sequence[Picture], kind: str, *, narrow: bool) -> bytes:
    check_matplotlib()
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    width, height = NARROW if narrow else WIDE
    # Matplotlib's own style, whatever the user has set for the rest of the program.
    with rc_context():
        import matplotlib as mpl

        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        tall = [height + LINE * _legend_rows(each, narrow=narrow) for each in pictures]
        figure = Figure((width, sum(tall)), layout="constrained")
        parts = figure.subfigures(len(pictures), height_ratios=tall, squeeze=False)[:, 0]
        for part, picture in zip(parts, pictures, strict=True):
            axes = part.subplots()
            if isinstance(picture, Lines):
                _lines(axes, picture)
                _legend(part, axes, picture, narrow=narrow)
            else:
                _histograms(axes, picture)
            axes.set_title(picture.title, loc="left", fontsize=11, fontweight="bold")
        file = io.BytesIO()
        metadata = {"Date": None} if kind == "svg" else {"Software": None}
        figure.savefig(file, format=kind, dpi=150, metadata=metadata)
    return file.getvalue()


def _lines(axes: Any, picture: Lines) -> None:
    from matplotlib.ticker import LogFormatter, MaxNLocator

    class Plain(LogFormatter):
        """Plain text, which takes a quarter of the time that powers of ten do."""

        def __call__(self, x: float, pos: int | None = None) -> str:
            return f"{x:g}" if super().__call__(x, pos) else ""

    colour = -1
    for series in picture.series:
        colour += not (series.theory and colour >= 0)
        _series(axes, series, colour)
    axes.set_xlabel(picture.x_label)
    axes.set_ylabel(picture.y_label)
    if all(float(x).is_integer() for each in picture.series for x in each.x):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    for axis, scale, log in (
        (axes.xaxis, axes.set_xscale, picture.x_log),
        (axes.yaxis, axes.set_yscale, picture.y_log and _positive(picture)),
    ):
        if log:
            scale("log", nonpositive="mask")
            axis.set_major_formatter(Plain())
            axis.set_minor_formatter(Plain(minor_thresholds=(1.5, 0.4)))
    if picture.y_range is not None:
        low, high = axes.get_ylim()
        axes.set_ylim(min(low, picture.y_range[0]), max(high, picture.y_range[1]))


def _named(picture: Picture) -> list[str]:
    """What the legend names: of what theory says, all together."""
    series = picture.series if isinstance(picture, Lines) else ()
    if len(series) < 2:
        return []
    found = [each.name for each in series if not each.theory]
    return found + ["theory"] * (len(found) < len(series))


def _legend_rows(picture: Picture, *, narrow: bool) -> int:
    return len(_named(picture)) if narrow else (len(_named(picture)) + 1) // 2


def _legend(part: Any, axes: Any, picture: Lines, *, narrow: bool) -> None:
    """A legend below the axes."""
    names = _named(picture)
    if not names:
        return
    lines = [
        line for line, series in zip(axes.lines, picture.series, strict=True) if not series.theory
    ]
    if len(lines) < len(names):
        from matplotlib.lines import Line2D

        lines.append(Line2D([], [], color="#555555", linestyle="--", linewidth=1.4))
    columns = 1 if narrow else 2
    part.legend(lines, names, loc="outside lower left", ncols=columns, fontsize=8.5)


def _series(axes: Any, series: Series, colour: int) -> None:
    of = COLOURS[colour % len(COLOURS)]
    y = [each if math.isfinite(each) else math.nan for each in series.y]
    style: dict[str, Any] = {
        "color": of,
        "linestyle": "none" if series.points else "--" if series.theory else "-",
        "linewidth": 1.4 if series.theory else 1.8,
        "alpha": 0.75 if series.theory else 1.0,
    }
    if series.points or (len(y) <= FEW and not series.theory):
        style |= {"marker": MARKS[colour % len(MARKS)], "markersize": 7 if series.points else 3.5}
    axes.plot(series.x, y, label=series.name, **style)
    if series.low is not None and series.high is not None:
        axes.fill_between(series.x, series.low, series.high, color=of, alpha=0.18, linewidth=0)


def _positive(picture: Lines) -> bool:
    """Whether any value can stand on a logarithmic axis."""
    return any(each > 0 and math.isfinite(each) for one in picture.series for each in one.y)


def _histograms(axes: Any, picture: Histograms) -> None:
    """One above the other, each as high as its own largest count, with its name to its left."""
    number = len(picture.histograms)
    for place, each in enumerate(picture.histograms):
        base, most = number - 1 - place, max(each.counts) or 1.0
        heights = [base + 0.85 * count / most for count in each.counts]
        axes.stairs(
            heights, each.edges, baseline=base, fill=True, color=COLOURS[place % len(COLOURS)]
        )
        # Inside, where a long name takes no room from the rest.
        across = axes.get_yaxis_transform()
        axes.text(0.01, base + 0.62, each.name, transform=across, fontsize=8.5)
    axes.set_ylim(0, number)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(picture.x_label)
