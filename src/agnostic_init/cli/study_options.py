"""What the commands that compare initializers have in common: options, and how results are told."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from typing import Any

from agnostic_init.arrays.errors import must
from agnostic_init.arrays.target import BACKENDS
from agnostic_init.cli.reporting import show

__all__ = ["add_options", "initializer_of", "tell"]


def add_options(parser: argparse.ArgumentParser, dtype: str) -> None:
    """Where is computed, by default in a dtype, and where results go."""
    add = parser.add_argument
    add("--library", default="numpy", choices=[*BACKENDS], help="numpy by default")
    add("--device", metavar="D", help="of that library, such as cuda")
    add("--dtype", default=dtype, choices=["float32", "float64"], help=f"{dtype} by default")
    add("--out", metavar="FILE", help="a file that ends in .html, .png, .svg, .txt or .json")
    add("--json", action="store_true", help="print JSON")
    add("--no-progress", action="store_true", help="show no progress bar")


def tell(found: Any, options: argparse.Namespace) -> None:
    """Print what was found, or a list of it: as JSON, or in words, pictures and tables of the terminal's width."""
    if options.json:
        data = [each.to_dict() for each in found] if isinstance(found, list) else found.to_dict()
        show(json.dumps(data, indent=2))
        return
    from agnostic_init.study.plots.saving import page_of
    from agnostic_init.study.plots.terminal import as_text

    show(as_text(page_of(found), _columns()))


def _columns() -> int:
    """Those of the terminal; 80 of a file or a pipe."""
    at_terminal = sys.stdout is not None and sys.stdout.isatty()
    return min(shutil.get_terminal_size().columns, 120) if at_terminal else 80


def initializer_of(text: str) -> Any:
    """A name, or the dictionary that JSON describes."""
    if not text.lstrip().startswith("{"):
        return text
    try:
        return json.loads(text)
    except ValueError as error:
        hint = """'{"name": "normal", "std": 0.1}'"""
        raise must("INIT", f"must be a name or JSON ({error})", text, hint) from None
