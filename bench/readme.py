"""The README's figures, from the committed results: ``python -m bench.readme [--check]``.

They stand between two lines, ``<!-- bench:begin -->`` and ``<!-- bench:end -->``, and are never
typed. ``--check`` writes nothing, and fails where the README does not say what the results say.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from bench.contenders import CONTENDERS
from bench.results import Figure, figures, read
from bench.table import about, duration

__all__ = ["main", "section", "updated"]

ROOT = Path(__file__).parents[1]
FOLDER = Path(__file__).parent / "results"
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
# Scaling is a plot; in the table every other question has its cases, of draws the largest.
QUESTIONS = (
    "draws",
    "truncated_normal",
    "orthogonal",
    "whole_model",
    "small_tensors",
    "import_time",
)
OURS = ("ours-numpy", "ours-torch", "ours-jax", "ours-cupy")


def section(folder: Path) -> str:
    """What the README says: a table for each file of results."""
    blocks = []
    for path in sorted(folder.glob("*.json")):
        results = read(path)
        if results["settings"]["quick"] or not results["complete"]:
            continue
        link = f"bench/results/{path.name}"
        lines = [f"{about(results)} ([every sample]({link}))"]
        for question in QUESTIONS:
            lines += _table(results, question)
        for plot, words in (("", "Times over ours"), ("-scaling", "Time and memory by size")):
            picture = path.with_name(f"{path.stem}{plot}.svg")
            if picture.exists():
                lines += ["", f"![{words}](bench/results/{picture.name})"]
        blocks.append("\n".join(lines))
    if not blocks:
        return ""
    legend = (
        "Medians; in parentheses a library's time over that of agnostic_init on the same array "
        "library, measured in turn with it. Above 1, agnostic_init is faster."
    )
    return "\n\n".join([legend, *blocks])


def updated(text: str, folder: Path) -> str:
    """The README with its section renewed; as it is where there is none, or are no results."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    wanted = section(folder)
    if not begin or not end or not wanted:
        return text
    return f"{before}{BEGIN}\n\n{wanted}\n\n{END}{after}"


def main(arguments: list[str] | None = None) -> int:
    """Write the section, or check it."""
    parser = argparse.ArgumentParser("python -m bench.readme", description=__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--readme", type=Path, default=ROOT / "README.md")
    parser.add_argument("--results", type=Path, default=FOLDER)
    asked = parser.parse_args(arguments)
    text = asked.readme.read_text(encoding="utf-8")
    wanted = updated(text, asked.results)
    if BEGIN not in text:
        print(f"{asked.readme} has no {BEGIN}")
    elif wanted == text:
        print(f"{asked.readme} is current")
    elif asked.check:
        print(f"{asked.readme} is out of date: python -m bench.readme")
        return 1
    else:
        asked.readme.write_text(wanted, encoding="utf-8")
        print(f"{asked.readme} is renewed")
    return 0


def _table(results: dict[str, Any], question: str) -> list[str]:
    """The lines of a question's table in Markdown: ours, then the peers that took part."""
    cases = _shown([case for case in results["cases"] if case["question"] == question])
    measured = [(case["title"], figures(case)) for case in cases]
    rows = [(title, f) for title, f in measured if any(_best(f, prefix) for prefix in OURS)]
    peers = [
        name
        for name, one in CONTENDERS.items()
        if one.role == "peer" and any(_of(found, name) for _, found in rows)
    ]
    ours = [prefix for prefix in OURS if any(_best(found, prefix) for _, found in rows)]
    if not rows:
        return []
    head = [question.replace("_", " ")]
    head += [CONTENDERS[name].title.replace("agnostic_init", "ours") for name in (*ours, *peers)]
    lines = ["", f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for title, found in rows:
        cells = [title]
        cells += [_ours_cell(_best(found, prefix)) for prefix in ours]
        cells += [_peer_cell(_of(found, name)) for name in peers]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _shown(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if cases and cases[0]["question"] == "draws":
        most = max(case["elements"] for case in cases)
        return [case for case in cases if case["elements"] == most]
    return cases


def _of(found: list[Figure], name: str) -> Figure | None:
    return next(
        (f for f in found if f.contender == name and (f.seconds or f.at_least)),
        None,
    )


def _best(found: list[Figure], prefix: str) -> Figure | None:
    """Ours on an array library: the compiled kernel if it was measured, as the extra gives it."""
    for name in (f"{prefix}-compiled", prefix, f"{prefix}-plain"):
        if (figure := _of(found, name)) is not None:
            return figure
    return None


def _ours_cell(figure: Figure | None) -> str:
    return duration(figure.seconds.median) if figure and figure.seconds else ""


def _peer_cell(figure: Figure | None) -> str:
    if figure is None:
        return ""
    ratio = f" ({_short(figure.ratio.median)}×)" if figure.ratio else ""
    if figure.seconds is None:
        assert figure.at_least is not None
        return f"> {duration(figure.at_least)}{ratio.replace('(', '(> ')}"
    mark = ", wrong values" if figure.note.startswith("wrong") else ""
    return duration(figure.seconds.median) + ratio + mark


def _short(ratio: float) -> str:
    return f"{ratio:.2g}" if ratio < 100 else f"{ratio:.0f}"


if __name__ == "__main__":
    sys.exit(main())
