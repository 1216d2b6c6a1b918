"""What the commands that compare initializers have in common."""

from __future__ import annotations

import json
import shutil
import sys
from typing import Any

from agnostic_init.arrays.errors import must

__all__ = ["columns", "initializer_of"]


def columns() -> int:
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
