"""The peers' times over ours, as SVG: ``python -m bench.plot FILE.json``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from bench.contenders import CONTENDERS
from bench.results import Figure, figures, read
from bench.table import about

__all__ = ["main", "ratios", "scaling"]

QUESTIONS = ("draws", "truncated_normal", "orthogonal", "whole_model", "small_tensors")
COLOURS = {
    "torch": "#d62728",
    "torch-erfinv": "#ff9896",
    "jax": "#1f77b4",
    "numpy": "#2ca02c",
    "scipy": "#9467bd",
    "scipy-qr": "#c5b0d5",
    "keras": "#8c564b",
    "cupy": "#17becf",
}
OURS = "#222222"


def ratios(results: dict[str, Any], path: Path) -> Path:
    """A mark for each case and peer: right of the line, ours is faster."""
    plt = _pyplot()
    rows: list[tuple[str, list[Figure]]] = []
    for question in QUESTIONS:
        cases = [case for case in results["cases"] if case["question"] == question]
        rows += [(_name(case), [f for f in figures(case) if f.role == "peer"]) for case in cases]
    figure, axes = plt.subplots(figsize=(8.5, 1.2 + 0.26 * max(1, len(rows))))
    named = set()
    for height, (_, peers) in enumerate(rows):
        for peer in peers:
            if peer.ratio is None:
                continue
            label = None if peer.contender in named else peer.title
            named.add(peer.contender)
            colour = COLOURS[peer.contender]
            axes.plot([peer.ratio.low, peer.ratio.high], [height] * 2, color=colour, lw=1.5)
            # One that was ended lies further to the right than could be measured.
            mark = ">" if peer.seconds is None else "o"
            axes.plot(peer.ratio.median, height, mark, color=colour, ms=5, label=label)
    axes.axvline(1.0, color=OURS, lw=1)
    axes.set_xscale("log")
    axes.set_yticks(range(len(rows)), [name for name, _ in rows], fontsize=7)
    axes.invert_yaxis()
    axes.grid(axis="x", lw=0.3)
    axes.set_xlabel(
        "time over agnostic_init's on the same array library; right of 1, ours is faster"
    )
    axes.set_title(_machine(results), fontsize=7, loc="left")
    if named:
        axes.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1.01, 1.0))
    return _save(figure, path)


def scaling(results: dict[str, Any], path: Path) -> Path:
    """Time and peak memory over the number of elements, for normals and for matrices."""
    plt = _pyplot()
    figure, panels = plt.subplots(2, 2, figsize=(8.5, 6.0), squeeze=False)
    for column, kind in enumerate(("normal", "orthogonal")):
        cases = [
            case
            for case in results["cases"]
            if case["question"] == "scaling"
            and case["job"]["kind"] == kind
            and "thread" not in case["title"]
        ]
        for name, points in _lines(cases).items():
            style = {
                "label": CONTENDERS[name].title,
                "color": COLOURS.get(name, OURS),
                "ls": "--" if name.startswith("ours-torch") else "-",
                "marker": ".",
            }
            sizes = [size for size, _, _ in points]
            panels[0][column].plot(sizes, [seconds for _, seconds, _ in points], **style)
            known = [(size, memory) for size, _, memory in points if memory]
            if known:
                panels[1][column].plot(*zip(*known, strict=True), **style)
        panels[0][column].set_title(kind, fontsize=9)
        panels[0][column].set_ylabel("seconds")
        panels[1][column].set_ylabel("peak memory over output")
        for row in panels:
            row[column].set_xscale("log", base=2)
            row[column].set_yscale("log")
            row[column].set_xlabel("elements")
            row[column].grid(lw=0.3)
        if panels[0][column].lines:
            panels[0][column].legend(fontsize=6)
    figure.suptitle(_machine(results), fontsize=7)
    return _save(figure, path)


def main(arguments: list[str] | None = None) -> int:
    """Write both plots beside the file of results."""
    parser = argparse.ArgumentParser("python -m bench.plot", description=__doc__)
    parser.add_argument("results", type=Path)
    asked = parser.parse_args(arguments)
    found = read(asked.results)
    print(ratios(found, asked.results.with_suffix(".svg")))
    if any(case["question"] == "scaling" for case in found["cases"]):
        path = asked.results.with_name(f"{asked.results.stem}-scaling.svg")
        print(scaling(found, path))
    return 0


def _lines(cases: list[dict[str, Any]]) -> dict[str, list[tuple[int, float, float | None]]]:
    """For each contender: elements, seconds, peak memory over output."""
    found: dict[str, list[tuple[int, float, float | None]]] = {}
    for case in cases:
        for figure in figures(case):
            if figure.seconds is not None and figure.role != "limit":
                point = (case["elements"], figure.seconds.median, figure.memory_ratio)
                found.setdefault(figure.contender, []).append(point)
    return found


def _name(case: dict[str, Any]) -> str:
    question = case["question"]
    if question in {"orthogonal", "truncated_normal"}:
        return f"{question.replace('_', ' ')}, {case['title']}"
    return str(case["title"])


def _machine(results: dict[str, Any]) -> str:
    """What it ran on, in lines that fit."""
    lines, line = [], ""
    for word in about(results).split(", "):
        if len(line) + len(word) > 110:
            lines.append(line.rstrip())
            line = ""
        line += word + ", "
    return "\n".join([*lines, line.rstrip(", ")])


def _pyplot() -> Any:
    import matplotlib as mpl

    mpl.use("svg")
    # The same file for the same figures.
    mpl.rcParams["svg.hashsalt"] = "agnostic_init"
    mpl.rcParams["svg.fonttype"] = "none"
    import matplotlib.pyplot as plt

    return plt


def _save(figure: Any, path: Path) -> Path:
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None}, bbox_inches="tight")
    _pyplot().close(figure)
    return path


if __name__ == "__main__":
    sys.exit(main())
