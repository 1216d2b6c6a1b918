"""The command that compares this package with known answers."""

from __future__ import annotations

import argparse
import json
from typing import Any

from agnostic_init.arrays.target import BACKENDS
from agnostic_init.cli.arguments import EXITS, command
from agnostic_init.cli.reporting import show
from agnostic_init.cli.signals import Signals

__all__ = ["add_conformance"]

ABOUT = "compare the numbers made here with the known answers in FILE"
WHAT = """\
FILE is conformance/stream-v1.json of this package's repository, or one with the same fields, which
docs/stream.md describes.
"""


def add_conformance(commands: Any) -> None:
    """Add the command's parser."""
    more = f"{WHAT}\nExit code 1 says that a number is wrong.\n{EXITS}"
    parser = command(commands, "conformance", ABOUT, more)
    parser.add_argument("spec", metavar="FILE", help="known answers; see below")
    parser.add_argument("--backend", default="numpy", choices=list(BACKENDS), help="who makes them")
    parser.add_argument("--device", help="where, such as cuda")
    parser.add_argument("--quick", action="store_true", help="leave out whole models")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=_conformance)


def _conformance(options: argparse.Namespace, signals: Signals) -> int:
    from agnostic_init.conformance import conformance

    found = conformance(
        options.spec,
        backend=options.backend,
        device=options.device,
        models=not options.quick,
        progress=signals.check,
    )
    show(json.dumps(found.to_dict(), indent=2) if options.json else str(found))
    return 1 if found.wrong else 0
