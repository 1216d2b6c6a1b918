"""The command that says which phase a deep network is in."""

from __future__ import annotations

import argparse
import json
from typing import Any

from agnostic_init.cli.arguments import command
from agnostic_init.cli.reporting import show
from agnostic_init.cli.signals import Signals

__all__ = ["add_phase"]

ABOUT = "say whether wide networks with such weights are ordered, critical or chaotic"


def add_phase(studies: Any) -> None:
    """Add the command's parser."""
    parser = command(studies, "phase", ABOUT)
    parser.add_argument("activation", metavar="ACTIVATION", help="such as relu or tanh")
    parser.add_argument("sigma_w", type=float, help="the std of weights times sqrt(fan-in)")
    parser.add_argument("sigma_b", type=float, nargs="?", default=0.0, help="the std of biases")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=_phase, spec="-")


def _phase(options: argparse.Namespace, signals: Signals) -> int:
    from agnostic_init.study.theory import phase

    found = phase(options.activation, options.sigma_w, options.sigma_b)
    show(json.dumps(found.to_dict()) if options.json else str(found))
    return 0
