"""The command that looks at weights."""

from __future__ import annotations

import argparse
import json
from typing import Any

from agnostic_init.arrays.errors import ParameterError
from agnostic_init.checkpoint import Checked, check
from agnostic_init.cli.arguments import EXITS, command
from agnostic_init.cli.planning import plan_of_spec
from agnostic_init.cli.reporting import show, showing_progress
from agnostic_init.cli.signals import Signals

__all__ = ["add_check"]

ABOUT = "look at the weights in FILE, and say what is wrong with them"
WHAT = """\
FILE is a .safetensors file, an index (*.safetensors.index.json) or a folder with one. Wrong are NaN
and infinities, what looks like memory that nobody wrote, rows that are constant where others are
not, and equal tensors. With --against, also names, shapes, dtypes, means and standard deviations
that are not those of SPEC: for weights before any training.
"""


def add_check(commands: Any) -> None:
    """Add the command's parser."""
    more = f"{WHAT}\nExit code 1 says that something was found.\n{EXITS}"
    parser = command(commands, "check", ABOUT, more)
    parser.add_argument("spec", metavar="FILE", help="what to look at; see below")
    parser.add_argument("--against", metavar="SPEC", help="what the weights should be")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--no-progress", action="store_true", help="show no progress bar")
    parser.set_defaults(run=_check)


def _check(options: argparse.Namespace, signals: Signals) -> int:
    try:
        found = _found(options, signals)
    except OSError as error:  # exit code 1 says something else here
        message = f"{error.filename or options.spec}: {error.strerror or error}"
        raise ParameterError(message) from None
    show(json.dumps(found.to_dict(), indent=2) if options.json else str(found))
    return 1 if found.findings else 0


def _found(options: argparse.Namespace, signals: Signals) -> Checked:
    plan = None
    if options.against is not None:
        # Nothing is drawn: any key has the same shapes and figures.
        plan = plan_of_spec(options.against, other=0)
    with showing_progress(0, hidden=options.no_progress) as progressed:

        def progress(name: str, done: int, total: int) -> None:
            signals.check()
            progressed(name, done, total)

        return check(options.spec, plan, progress=progress)
