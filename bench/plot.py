"""Time and memory by size, as SVG: ``python -m bench.plot FILE.json``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from bench.contenders import CONTENDERS
from bench.results import figures, read
from bench.table import about

__all__ = ["main", "scaling"]

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
    """Write the plot beside the file of results."""
    parser = argparse.ArgumentParser("python -m bench.plot", description=__doc__)
    parser.add_argument("results", type=Path)
    asked = parser.parse_args(arguments)
    found = read(asked.results)
    if not any(case["question"] == "scaling" for case in found["cases"]):
        print(f"{asked.results} does not answer the question scaling")
        return 1
    print(scaling(found, asked.results.with_suffix(".svg")))
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
