"""The command that sends a signal through networks of several initializers."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from agnostic_init.cli.arguments import command, seed
from agnostic_init.cli.reporting import note, showing_progress
from agnostic_init.cli.signals import Signals
from agnostic_init.cli.study_options import add_options, initializer_of, tell

if TYPE_CHECKING:
    from agnostic_init.study.records import Signal
    from agnostic_init.study.stack import Stack

__all__ = ["add_signal"]

ABOUT = "send a signal through deep networks and its gradient back, and say what becomes of them"
WHAT = """\
INIT is the name of an initializer, or its JSON with parameters; several are compared:

  agnostic-init study signal he_normal glorot_normal orthogonal --activation tanh --depth 50
  agnostic-init study signal '{"name": "normal", "std": 0.1}' --block convolution,batch_norm,activation

Verdicts, pictures and figures are printed; --out makes a page of them (.html), pictures (.png,
.svg), text (.txt) or numbers (.json). Pictures need: pip install "agnostic-init[plots]"

Exit codes: 0 done, 1 a file, device or library failed, 2 a wrong command, 130 and 143 interrupted
and terminated; the networks that were done until then are printed.
"""


def add_signal(studies: Any) -> None:
    """Add the command's parser."""
    parser = command(studies, "signal", ABOUT, WHAT)
    add = parser.add_argument
    add("initializers", metavar="INIT", nargs="+", help="a name, or JSON; see below")
    add("--activation", default="relu", metavar="F", help="such as relu (the default) or tanh")
    add("--depth", type=int, default=20, metavar="N", help="blocks; 20 by default")
    add("--width", type=int, default=256, metavar="N", help="units or channels; 256 by default")
    add(
        "--block",
        default="dense,activation",
        metavar="STEPS",
        help="such as dense,layer_norm,activation",
    )
    add("--residual", type=float, metavar="X", help="add X times a block to its input")
    add("--sigma-b", type=float, default=0.0, metavar="STD", help="std of the biases; 0 by default")
    add("--examples", type=int, default=64, metavar="N", help="64 by default")
    add("--grid", type=int, default=8, metavar="N", help="of convolutions; 8 by default")
    add("--seed", type=seed, default=0, metavar="N", help="of weights and inputs; 0 by default")
    add("--no-jacobian", action="store_true", help="leave out its singular values")
    add_options(parser, "float32")
    parser.set_defaults(run=_signal, spec="-")


def _signal(options: argparse.Namespace, signals: Signals) -> int:
    from agnostic_init.initializers.random import normal
    from agnostic_init.study.plots.saving import check_path, save
    from agnostic_init.study.stack import Stack

    if options.out is not None:
        check_path(options.out, "--out")
    stacks = [
        Stack(
            depth=options.depth,
            width=options.width,
            initializer=initializer_of(each),
            activation=options.activation,
            block=tuple(options.block.split(",")),
            residual=options.residual,
            bias=normal(std=options.sigma_b) if options.sigma_b else "zeros",
            grid=(options.grid, options.grid),
        )
        for each in options.initializers
    ]
    found: list[Signal] = []
    try:
        _find(stacks, options, signals, found)
    finally:  # of what was interrupted or failed, what is whole
        if found:
            tell(found, options)
    if options.out is not None:
        save(found, options.out)
        note(f"{options.out} is written")
    return 0


def _find(
    stacks: list[Stack], options: argparse.Namespace, signals: Signals, found: list[Signal]
) -> None:
    from agnostic_init.study.propagation import signal

    steps = 2 * options.depth + (not options.no_jacobian)
    total = steps * len(stacks)
    with showing_progress(total, hidden=options.no_progress, unit=" steps") as progressed:

        def progress(what: str, done: int, of: int) -> None:
            signals.check()
            progressed(what, len(found) * steps + done, total)

        for stack in stacks:
            made = signal(
                stack,
                key=options.seed,
                xp=options.library,
                dtype=options.dtype,
                device=options.device,
                examples=options.examples,
                jacobian=not options.no_jacobian,
                progress=progress,
            )
            found.append(made)
