"""The figures on the pages, from the committed results: ``python -m bench.readme [--check]``.

First use is in README.md, and as a picture in docs/_static/first-use.svg, building other people's
models in docs/torch-models.md, what warm loops take in bench/README.md. Figures stand between two lines,
``<!-- bench:begin -->`` and ``<!-- bench:end -->``, and are never typed. ``--check`` writes nothing,
and fails where a page does not say what the results say.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from bench.contenders import CONTENDERS
from bench.picture import first_use
from bench.results import Figure, figures, read
from bench.table import about, duration

__all__ = ["main", "section", "updated"]

ROOT = Path(__file__).parents[1]
FOLDER = Path(__file__).parent / "results"
PICTURE = "docs/_static/first-use.svg"
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
# Scaling is a plot; in the tables every other question has its cases, of draws the largest.
PAGES = {
    "README.md": ("first_use",),
    "docs/torch-models.md": ("build",),
    "bench/README.md": (
        "draws",
        "truncated_normal",
        "orthogonal",
        "whole_model",
        "small_tensors",
        "import_time",
    ),
}
# Of which the peak of memory is told, over the size of what was made.
WITH_MEMORY = ("build",)
OURS = ("ours-torch", "ours-numpy", "ours-jax", "ours-cupy")
LEGEND = (
    "Medians; in parentheses a library's time over that of agnostic_init on the same array library, "
    "measured in turn with it. Above 1, agnostic_init is faster."
)


def section(folder: Path, questions: tuple[str, ...], page: Path) -> str:
    """What a page says: the tables of each file of results."""
    blocks = []
    for path in sorted(folder.glob("*.json")):
        results = read(path)
        if results["settings"]["quick"] or not results["complete"]:
            continue
        lines = [line for question in questions for line in _table(results, question)]
        picture = path.with_suffix(".svg")
        if "draws" in questions and picture.exists():
            lines += ["", f"![Time and memory by size]({_link(picture, page)})"]
        if lines:
            every = f"([every sample]({_link(path, page)}))"
            blocks.append("\n".join([f"{about(results)} {every}", *lines]))
    return "\n\n".join([LEGEND, *blocks]) if blocks else ""


def updated(text: str, folder: Path, questions: tuple[str, ...], page: Path) -> str:
    """A page with its section renewed; as it is where there is none, or are no results."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    wanted = section(folder, questions, page)
    if not begin or not end or not wanted:
        return text
    return f"{before}{BEGIN}\n\n{wanted}\n\n{END}{after}"


def main(arguments: list[str] | None = None) -> int:
    """Write the sections, or check them."""
    parser = argparse.ArgumentParser("python -m bench.readme", description=__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--root", type=Path, default=ROOT, help="where the pages are")
    parser.add_argument("--results", type=Path, default=FOLDER)
    asked = parser.parse_args(arguments)
    late = False
    for name, questions in PAGES.items():
        page = asked.root / name
        text = page.read_text(encoding="utf-8")
        wanted = updated(text, asked.results, questions, page)
        if wanted == text:
            print(f"{page} {'is current' if BEGIN in text else f'has no {BEGIN}'}")
        elif asked.check:
            late = True
            print(f"{page} is out of date: python -m bench.readme")
        else:
            page.write_text(wanted, encoding="utf-8")
            print(f"{page} is renewed")
    picture = asked.root / PICTURE
    wanted = _picture(asked.results)
    if wanted and picture.parent.is_dir():
        current = picture.is_file() and picture.read_text(encoding="utf-8") == wanted
        if asked.check and not current:
            late = True
            print(f"{picture} is out of date: python -m bench.readme")
        elif not current:
            picture.write_text(wanted, encoding="utf-8")
            print(f"{picture} is renewed")
    return int(late)


def _picture(folder: Path) -> str:
    """That of the first results in which first use was measured; empty without any."""
    for path in sorted(folder.glob("*.json")):
        results = read(path)
        if results["complete"] and not results["settings"]["quick"]:
            made = first_use(results)
            if made:
                return made
    return ""


def _link(path: Path, page: Path) -> str:
    return Path(os.path.relpath(path.resolve(), page.resolve().parent)).as_posix()


def _table(results: dict[str, Any], question: str) -> list[str]:
    """The lines of a question's table in Markdown: ours, then the peers that took part."""
    cases = _shown([case for case in results["cases"] if case["question"] == question])
    measured = [(case["title"], figures(case)) for case in cases]
    rows = [(title, f) for title, f in measured if any(_of(f, name) for name in OURS)]
    peers = [
        name
        for name, one in CONTENDERS.items()
        if one.role == "peer" and any(_of(found, name) for _, found in rows)
    ]
    ours = [name for name in OURS if any(_of(found, name) for _, found in rows)]
    if not rows:
        return []
    engines = sorted(
        {f.engine for _, found in rows for f in found if f.engine and f.contender in ours}
    )
    head = [question.replace("_", " ")]
    head += [CONTENDERS[name].title.replace("agnostic_init", "ours") for name in (*ours, *peers)]
    lines = ["", f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for title, found in rows:
        cells = [title]
        told = [(_of(found, name), name in ours) for name in (*ours, *peers)]
        words = [_ours_cell(f, engines) if own else _peer_cell(f) for f, own in told]
        if question in WITH_MEMORY:
            words = [w + _memory(f) for w, (f, _) in zip(words, told, strict=True)]
        cells += words
        lines.append(f"| {' | '.join(cells)} |")
    return [*lines, "", f"Engine: {engines[0]}."] if len(engines) == 1 else lines


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


def _ours_cell(figure: Figure | None, engines: list[str]) -> str:
    if figure is None or figure.seconds is None:
        return ""
    # Where it is one for the whole table, it is named below.
    words = f", {figure.engine}" if figure.engine and len(engines) > 1 else ""
    return duration(figure.seconds.median) + words


def _peer_cell(figure: Figure | None) -> str:
    if figure is None:
        return ""
    ratio = f" ({_short(figure.ratio.median)}×)" if figure.ratio else ""
    if figure.seconds is None:
        assert figure.at_least is not None
        return f"> {duration(figure.at_least)}{ratio.replace('(', '(> ')}"
    mark = ", wrong values" if figure.note.startswith("wrong") else ""
    return duration(figure.seconds.median) + ratio + mark


def _memory(figure: Figure | None) -> str:
    if figure is None or figure.memory_ratio is None:
        return ""
    return f", {figure.memory_ratio:.2f} of the model"


def _short(ratio: float) -> str:
    return f"{ratio:.2g}" if ratio < 100 else f"{ratio:.0f}"


if __name__ == "__main__":
    sys.exit(main())
