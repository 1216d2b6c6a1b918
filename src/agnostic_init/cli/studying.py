"""The commands that compare initializers: `study signal`, and those that stand beside it."""

from __future__ import annotations

from typing import Any

from agnostic_init.cli.arguments import command
from agnostic_init.cli.study_phase import add_phase
from agnostic_init.cli.study_signal import add_signal
from agnostic_init.cli.study_train import add_train

__all__ = ["add_study"]

ABOUT = "what initializers do to a network before it trains, and while it does"


def add_study(commands: Any) -> None:
    """Add the group of commands; each is a module of its own."""
    studies = command(commands, "study", ABOUT).add_subparsers(required=True, metavar="STUDY")
    add_signal(studies)
    add_train(studies)
    add_phase(studies)
