"""The figures of a run as text: a table for each question."""

from __future__ import annotations

import sys
from typing import Any

from bench.results import Figure, Spread, figures

__all__ = ["about", "duration", "table"]

HEAD = ("", "median", "10 % .. 90 %", "first", "each", "of limit", "memory", "× ours")


def about(results: dict[str, Any]) -> str:
    """One line: machine, threads, versions, commit."""
    machine, settings = results["machine"], results["settings"]
    threads = settings["threads"]
    parts = [
        machine["label"] or machine["device_name"] or machine["processor"],
        f"{machine['cores']} cores" if settings["device"] == "cpu" else settings["device"],
        f"{threads} thread{'s' if threads > 1 else ''}",
        f"Python {machine['python']}",
        *(
            f"{name} {version}"
            for name, version in results["versions"].items()
            if name not in sys.stdlib_module_names  # Python's own
        ),
        f"commit {machine['commit']}",
        results["started"],
    ]
    return ", ".join(parts) + (", quick: not figures to quote" if settings["quick"] else "")


def table(results: dict[str, Any], question: str) -> str:
    """The table of a question."""
    cases = [case for case in results["cases"] if case["question"] == question]
    blocks = []
    for case in cases:
        rows = [HEAD, *(_cells(figure) for figure in figures(case))]
        notes = ["note", *(figure.note or figure.engine or "" for figure in figures(case))]
        widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
        title = case["title"]
        lines = [f"{title}, {case['threads']} threads" if "thread" not in title else title]
        for row, note in zip(rows, notes, strict=True):
            cells = [row[0].ljust(widths[0])]
            cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
            lines.append(("  " + "  ".join(cells) + "  " + note).rstrip())
        blocks.append("\n".join(lines))
    line = "=" * len(question)
    return f"{question.replace('_', ' ')}\n{line}\n\n" + "\n\n".join(blocks) + "\n"


def duration(seconds: float) -> str:
    """Seconds in a unit that fits, with three digits."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def _cells(figure: Figure) -> tuple[str, ...]:
    seconds, ratio = figure.seconds, figure.ratio
    if seconds is None:
        late = f"> {duration(figure.at_least)}" if figure.at_least else "-"
        over = f"> {ratio.median:.3g}" if ratio else ""
        return (figure.title, late, "", "", "", "", "", over)
    return (
        figure.title,
        duration(seconds.median),
        f"{duration(seconds.low)} .. {duration(seconds.high)}",
        duration(figure.first) if figure.first is not None else "",
        f"{figure.nanoseconds_each:.3g} ns" if figure.nanoseconds_each else "",
        f"{figure.of_limit:.0%}" if figure.of_limit is not None else "",
        f"{figure.memory_ratio:.2f}" if figure.memory_ratio is not None else "",
        _over(ratio) if ratio else "",
    )


def _over(ratio: Spread) -> str:
    if ratio.low == ratio.high:
        return f"{ratio.median:.2f}"
    return f"{ratio.median:.2f} ({ratio.low:.2f} .. {ratio.high:.2f})"
