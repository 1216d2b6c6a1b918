"""Tables of the site, as Markdown: of initializers, of same bits, of what was measured. No Sphinx is needed."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path
from typing import Any

__all__ = ["benchmarks", "initializers", "of_bench", "rows", "same_bits"]

DOCS = Path(__file__).parents[1]
DATA = DOCS / "data"
LOCAL = re.compile(r"\[([^]]+)\]\((?![a-z]+:|#)[^)]+\)")
PEERS = {"torch": "torch", "keras": "Keras, TensorFlow", "jax": "JAX, Flax", "others": "others"}


def rows(name: str) -> dict[str, dict[str, Any]]:
    """A data file: a row for each name."""
    return tomllib.loads((DATA / f"{name}.toml").read_text(encoding="utf-8"))


def table(head: list[str], lines: list[list[str]]) -> str:
    """Rows of cells as a table of Markdown."""
    written = [[cell.replace("|", "\\|") for cell in line] for line in (head, *lines)]
    written.insert(1, ["---"] * len(head))
    return "\n".join(f"| {' | '.join(line)} |" for line in written)


def initializers() -> str:
    """All initializers in their groups: the name, what is made, and what peers call it.

    A `KeyError` names one that has no row.
    """
    from agnostic_init.initializers.registry import names

    known = rows("initializers")
    order = {name: place for place, name in enumerate(known)}
    groups: dict[str, list[list[str]]] = {}
    for name in sorted(names(), key=lambda each: order[each]):
        row = known[name]
        link = f"[`{name}`](api/generated/agnostic_init.{name}.rst)"
        cells = [link, row["formula"], *(row.get(peer, "") for peer in PEERS)]
        groups.setdefault(row["group"], []).append(cells)
    head = ["initializer", "makes", *PEERS.values()]
    return "\n\n".join(f"## {group}\n\n{table(head, lines)}" for group, lines in groups.items())


def same_bits() -> str:
    """What is promised of each draw, by dtype and by where it is made."""
    known = rows("same_bits")
    columns = known.pop("columns")
    lines = [
        [row["what"], *(row.get(column, row["elsewhere"]) for column in columns)]
        for row in known.values()
    ]
    return table(["", *columns.values()], lines)


def benchmarks() -> str:
    """All that the committed results say."""
    root = DOCS.parent
    sys.path.insert(0, str(root))
    try:
        from bench.readme import FOLDER, PAGES, section
    finally:
        sys.path.remove(str(root))
    asked = tuple(question for questions in PAGES.values() for question in questions)
    text = section(FOLDER, asked, DOCS / "benchmarks.md")
    for path in FOLDER.glob("*.json"):
        link = f"../bench/results/{path.name}"
        text = text.replace(f"[every sample]({link})", f"{{download}}`every sample <{link}>`")
    return text


def of_bench() -> str:
    """bench/README.md without its title; links to files of the repository, which the site has not, are text."""
    text = (DOCS.parent / "bench" / "README.md").read_text(encoding="utf-8")
    return LOCAL.sub(r"\1", text.partition("\n")[2])
