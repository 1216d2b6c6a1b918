"""Signals side by side, as a page: what was found, pictures of it, and the figures."""

from __future__ import annotations

import math
from collections.abc import Sequence

from agnostic_init.study.pictures import (
    Findings,
    Histogram,
    Histograms,
    Lines,
    Page,
    Picture,
    Series,
    Table,
)
from agnostic_init.study.records import Signal, shown_columns
from agnostic_init.study.theory import critical_line

__all__ = ["page_of_signals"]


def page_of_signals(signals: Sequence[Signal]) -> Page:
    """The page of one signal or of several."""
    several = len(signals) > 1
    title = f"Signals in {len(signals)} networks" if several else f"The signal in {signals[0].name}"
    pictures = [
        _by_layer(signals, "rms", "The signal", "root mean square"),
        _by_layer(signals, "gradient", "The gradient", "root mean square"),
        _by_layer(signals, "similarity", "How alike examples become", "mean cosine", log=False),
        _by_layer(signals, "dead", "Dead units", "share of units", log=False),
        _by_layer(signals, "saturated", "Values where the activation is flat", "share", log=False),
        _spectra(signals),
        _edge(signals),
        _weights(signals),
    ]
    return Page(
        title,
        _summary(signals),
        tuple(Findings(each.name, each.verdicts, each.problems) for each in signals),
        tuple(each for each in pictures if each is not None),
        tuple(_table(each) for each in signals),
    )


def _summary(signals: Sequence[Signal]) -> str:
    about = signals[0].about or {}
    if "model" in about:
        mode = "training" if about.get("training") else "evaluation"
        return (
            f"The module was run as it is, in {mode} mode, and watched in every layer; then a "
            "gradient was sent back from its output. It is the same as before."
        )
    where = f"{about.get('library', '')} {about.get('dtype', '')}".strip()
    examples = f" for {about['examples']} examples" if "examples" in about else ""
    on = f" on {where}" if where else ""
    return (
        f"Each network was initialized, and its signal measured layer by layer{examples}{on}; then a "
        "gradient of size 1 was sent back from its output. Dashed lines are what mean-field theory "
        "expects of wide networks; where there are none it says nothing of such a network."
    )


def _by_layer(
    signals: Sequence[Signal], column: str, title: str, label: str, *, log: bool = True
) -> Lines | None:
    series, said = [], []
    for each in signals:
        y = each.column(column)
        known = [value for value in y if math.isfinite(value)]
        if not known or (column in ("dead", "saturated") and max(known) == 0):
            continue
        x = tuple(float(place) for place in range(len(y)))
        series.append(Series(each.name, x, y))
        said.append(f"{each.name} from {known[0]:.2g} to {known[-1]:.2g}")
        theory = f"theory_{column}"
        expected = each.column(theory) if hasattr(each.layers[0], theory) else ()
        if any(math.isfinite(value) for value in expected):
            series.append(Series(f"{each.name}, theory", x, expected, theory=True))
    if not series:
        return None
    text = f"{title} by layer, from the input: {'; '.join(said)}."
    of_share = None if log else (0.0, 1.0)
    return Lines(title, "layer", label, tuple(series), text, y_log=log, y_range=of_share)


def _spectra(signals: Sequence[Signal]) -> Lines | None:
    series, said = [], []
    for each in signals:
        values = each.singular_values
        if values and values[0] > 0:
            x = tuple((i + 0.5) / len(values) for i in range(len(values)))
            series.append(Series(each.name, x, values))
            zero = sum(value == 0 for value in values)
            low = min(value for value in values if value > 0)
            said.append(
                f"{each.name} {len(values)} of them, from {values[0]:.2g} down to {low:.2g}"
                + (f", and {zero} that are 0" if zero else "")
            )
    if not series:
        return None
    title = "Singular values of the Jacobian"
    text = f"{title} of output by input, from the largest: {'; '.join(said)}."
    return Lines(title, "rank, as a share", "singular value", tuple(series), text, y_log=True)


def _edge(signals: Sequence[Signal]) -> Lines | None:
    """Where plain networks of one activation lie beside its critical line."""
    found = []
    for each in signals:
        about = each.about or {}
        if each.phase is not None and about.get("sigmas"):
            found.append((each, about["stack"]["activation"], about["sigmas"], each.phase))
    names = {activation for _, activation, _, _ in found}
    if len(names) != 1 or next(iter(names)).startswith("a function"):
        return None
    (name,) = names
    try:
        line = critical_line(name)
    except ValueError:  # of a function of the caller's, which is known by no name
        return None
    said = [f"{each.name} is {phase.name}" for each, _, _, phase in found]
    of_line: tuple[Series, ...] = ()
    if line:
        single = max(line)[0] - min(line)[0] < 1e-6
        x, y = zip(*(line[:1] if single else line), strict=True)
        kind = "point" if single else "line"
        of_line = (Series(f"critical {kind} of {name}", x, y, points=single),)
    points = [
        Series(f"{each.name}: {phase.name}", (sigmas[0],), (sigmas[1],), points=True)
        for each, _, sigmas, phase in found
    ]
    text = f"Standard deviations of weights and biases, and where {name} is critical: "
    return Lines(
        "Order and chaos",
        "std of weights × √fan-in",
        "std of biases",
        (*points, *of_line),
        f"{text}{'; '.join(said)}.",
        y_range=(0.0, 0.1),
    )


def _weights(signals: Sequence[Signal]) -> Picture | None:
    """Histograms of some layers of one signal; of several, of the middle one of these of each."""
    if len(signals) == 1:
        found = signals[0].weights
    else:
        found = tuple(
            Histogram(f"{each.name}: {middle.name}", middle.edges, middle.counts)
            for each in signals
            for middle in each.weights[len(each.weights) // 2 :][:1]
        )
    if not found:
        return None
    said = [f"{each.name} from {each.edges[0]:.2g} to {each.edges[-1]:.2g}" for each in found]
    return Histograms("Weights", "weight", found, f"Histograms of weights: {'; '.join(said)}.")


def _table(signal: Signal) -> Table:
    header, rows = shown_columns(signal.layers)
    return Table(signal.name, tuple(header), tuple(map(tuple, rows)))
