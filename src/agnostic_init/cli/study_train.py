"""The command that trains one network from several initializers."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from agnostic_init.arrays.errors import must
from agnostic_init.cli.arguments import EXITS, command
from agnostic_init.cli.reporting import fail, note, showing_progress
from agnostic_init.cli.signals import Signals, StoppedError
from agnostic_init.cli.study_options import add_options, initializer_of, tell

if TYPE_CHECKING:
    from agnostic_init.study.training.dense_training import Training

__all__ = ["add_train"]

ABOUT = "train the same network from several initializers, over several seeds, and compare"
WHAT = """\
INIT is the name of an initializer, or its JSON with parameters:

  agnostic-init study train glorot_uniform '{"name": "uniform", "low": -0.1, "high": 0.1}' zeros \\
    --data clusters --hidden 20 --seeds 20

Data: clusters, regression and spirals are made, digits needs: pip install "agnostic-init[digits]".
Verdicts, curves and tables are printed, with the number of seeds that it takes to tell two apart;
--out makes a page of them (.html), pictures (.png, .svg), text (.txt) or numbers (.json). Pictures
need: pip install "agnostic-init[plots]". What is interrupted tells and keeps what it has so far.
"""


def add_train(studies: Any) -> None:
    """Add the command's parser."""
    parser = command(studies, "train", ABOUT, f"{WHAT}\n{EXITS}")
    add = parser.add_argument
    add("initializers", metavar="INIT", nargs="+", help="a name, or JSON; see below")
    add("--data", default="digits", metavar="NAME", help="what to learn; digits by default")
    add("--hidden", default="64", metavar="N,N", help="units of the hidden layers; 64 by default")
    add("--activation", default="relu", metavar="F", help="such as relu (the default) or tanh")
    add("--optimizer", default="adam", metavar="NAME", help="such as sgd; adam by default")
    add("--rate", type=float, metavar="X", help="the learning rate; the optimizer's own by default")
    add("--seeds", type=int, default=5, metavar="N", help="how many; 5 by default")
    add("--epochs", type=int, default=20, metavar="N", help="20 by default")
    add("--batch", default="32", metavar="N", help="samples in a step, or all; 32 by default")
    add("--every", type=int, metavar="N", help="steps between measurements; an epoch by default")
    add_options(parser, "float64")
    parser.set_defaults(run=_train, spec="-")


def _train(options: argparse.Namespace, signals: Signals) -> int:
    from agnostic_init.study.plots.saving import check_path, save
    from agnostic_init.study.training.dense_training import Training

    if options.out is not None:
        check_path(options.out, "--out")
    training = Training(
        [initializer_of(each) for each in options.initializers],
        options.data,
        hidden=_hidden(options.hidden),
        activation=options.activation,
        optimizer=options.optimizer,
        rate=options.rate,
        seeds=options.seeds,
        epochs=options.epochs,
        batch=_batch(options.batch),
        every=options.every,
        xp=options.library,
        dtype=options.dtype,
        device=options.device,
    )
    stopped = _run(training, options, signals)
    found = training.comparison()
    tell(found, options)
    if options.out is not None:
        save(found, options.out)
        note(f"{options.out} is written")
    if stopped is not None:
        return fail("stopped; the result is of what was trained until then", stopped.code)
    return 0


def _run(training: Training, options: argparse.Namespace, signals: Signals) -> StoppedError | None:
    """Train to the end, or until a signal comes."""
    hidden = options.no_progress
    try:
        with showing_progress(training.total, hidden=hidden, unit=" steps") as progressed:
            for told in training:
                signals.check()
                progressed(*told)
    except StoppedError as stopped:
        if not training.runs.measured.any():
            raise
        return stopped
    return None


def _hidden(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(each) for each in text.split(",") if each)
    except ValueError:
        raise must("--hidden", "must be integers", text, "64,64") from None


def _batch(text: str) -> int | None:
    try:
        return None if text == "all" else int(text)
    except ValueError:
        raise must("--batch", "must be an integer, or all", text, "32") from None
