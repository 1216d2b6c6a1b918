"""The command line: write a model's initial weights to a file, or say what they would be."""

from __future__ import annotations

from agnostic_init.cli.commands import main

__all__ = ["main"]
