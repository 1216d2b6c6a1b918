"""The command line: write a model's initial weights to a file, or say what they would be."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from agnostic_init.arrays.errors import (
    MissingExtraError,
    ParameterError,
    ParameterTypeError,
    not_imported,
    within,
)
from agnostic_init.arrays.target import BACKENDS
from agnostic_init.checkpoint import write_plan
from agnostic_init.checkpoint.signals import Signals, StoppedError
from agnostic_init.models.plan import Plan
from agnostic_init.models.progress import Progress
from agnostic_init.models.spec_file import read_spec
from agnostic_init.version import __version__

__all__ = ["main"]

PROGRAM = "agnostic-init"
FAILED, WRONG = 1, 2

ABOUT = "Initial weights of whole models: one seed, the same bytes from every library and device."
SPEC_HELP = """\
A SPEC is a TOML file, or the same as JSON (*.json):

  [defaults]
  seed = 0                                      # or: key = "a name"
  dtype = "float32"

  [tensors]
  "wte.weight" = [50257, 768]                   # names with dots stand in quotes
  "h.{0..11}.ln.bias" = { shape = [768], dtype = "bfloat16" }     # braces: a name for each number

  [[rules]]                                     # the first rule that matches a name is the one
  match = "*.bias"                              # a glob, whose * matches dots too; or "re:..."
  init = "zeros"

  [[rules]]
  match = "*"
  init = { name = "normal", std = 0.02 }        # numbers, not formulas: 0.02/sqrt(24) is 0.00408248
"""
EXITS = """\
Exit codes: 0 done, 1 a file, device or library failed, 2 a wrong command or SPEC, 130 interrupted,
143 terminated. Only after 0 is there a new OUT; nothing else is left behind.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments
        Those after the program's name; of the process where None.

    Returns
    -------
    int
        The exit code.

    Examples
    --------
    >>> import agnostic_init.cli
    >>> agnostic_init.cli.main(["describe", "no-such-file.toml"])
    2
    """
    options = _parser().parse_args(arguments)
    try:
        with Signals() as signals:
            code: int = options.run(options, signals)
        # A reader that has gone away, as in `describe SPEC | head`, is noticed here or never.
        sys.stdout.flush()
    except (ParameterError, ParameterTypeError, MissingExtraError) as error:
        return _fail(str(error), WRONG)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        about_spec = isinstance(error.filename, str) and Path(error.filename) == Path(options.spec)
        return _fail(_about_file(error), WRONG if about_spec else FAILED)
    except ImportError as error:  # of a library that is there and broken
        return _fail(str(error), FAILED)
    except (MemoryError, RuntimeError) as error:  # what the array libraries raise for a device
        return _fail(f"{type(error).__name__}: {error}", FAILED)
    except (KeyboardInterrupt, StoppedError) as stopped:
        stop = stopped if isinstance(stopped, StoppedError) else StoppedError(signal.SIGINT)
        how = "interrupted" if stop.number == signal.SIGINT else "terminated"
        return _fail(f"{how}; no file was left behind", stop.code)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description=ABOUT,
        epilog=f"{SPEC_HELP}\n{EXITS}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    write = _command(commands, "write", "make every tensor of SPEC and write a .safetensors file")
    write.add_argument("out", metavar="OUT", help="the .safetensors file to write")
    write.add_argument(
        "--backend",
        choices=list(BACKENDS),
        default="numpy",
        help="the array library that makes the tensors (default: numpy); the bytes are the same",
    )
    write.add_argument(
        "--device", metavar="D", help="a device of that library, such as cpu or cuda:0"
    )
    write.add_argument(
        "--overwrite", action="store_true", help="replace OUT, once the new file is complete"
    )
    write.add_argument("--no-progress", action="store_true", help="show no progress bar")
    write.set_defaults(run=_write)

    describe = _command(commands, "describe", "print what write would make, and make nothing")
    describe.add_argument("--json", action="store_true", help="print JSON, not a table")
    describe.set_defaults(run=_describe)
    return parser


def _command(commands: Any, name: str, about: str) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = commands.add_parser(
        name,
        help=about,
        description=f"{about[0].upper()}{about[1:]}.",
        epilog=f"{SPEC_HELP}\n{EXITS}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("spec", metavar="SPEC", help="a TOML or JSON file; see below")
    key = made.add_mutually_exclusive_group()
    key.add_argument(
        "--seed", type=_seed, metavar="N", help="a seed, instead of what SPEC says: 0 to 2^64 - 1"
    )
    key.add_argument("--key", metavar="NAME", help="a name as the key, instead of what SPEC says")
    return made


def _seed(text: str) -> int:
    try:
        seed = int(text, 0)
    except ValueError:
        seed = -1
    if not 0 <= seed < 1 << 64:
        message = f"must be an integer in [0, 2^64), got {text!r}; a name goes with --key"
        raise argparse.ArgumentTypeError(message)
    return seed


def _plan(options: argparse.Namespace) -> Plan:
    key = options.seed if options.seed is not None else options.key
    spec = read_spec(Path(options.spec))
    with within(options.spec):
        return spec.plan(key)


def _describe(options: argparse.Namespace, signals: Signals) -> int:
    plan = _plan(options)
    _print(json.dumps(plan.to_dict(), indent=2) if options.json else str(plan))
    return 0


def _write(options: argparse.Namespace, signals: Signals) -> int:
    plan = _plan(options)
    if Path(options.out).exists() and not options.overwrite:
        return _fail(f"{options.out} exists; try: --overwrite", WRONG)
    with _progress(plan, hidden=options.no_progress) as show:

        def progress(name: str, done: int, total: int) -> None:
            signals.check()
            show(name, done, total)

        written = write_plan(
            plan,
            options.out,
            xp=options.backend,
            device=options.device,
            overwrite=options.overwrite,
            progress=progress,
        )
    _print(
        f"{written.path}: {len(plan):,} tensors, {plan.elements:,} parameters, "
        f"{written.data_bytes:,} bytes of data"
    )
    _print(f"sha256 of the data: {written.sha256}")
    return 0


@contextlib.contextmanager
def _progress(plan: Plan, *, hidden: bool) -> Iterator[Progress]:
    """A bar of bytes on a terminal's standard error; none where that is a file or a pipe."""
    if hidden or not sys.stderr.isatty():
        yield _show_nothing
        return
    try:
        from tqdm import tqdm
    except ImportError as error:
        why = not_imported(error, "tqdm", "A progress bar", "cli")
        print(f"{PROGRAM}: note: {why}; going on without", file=sys.stderr)
        yield _show_nothing
        return
    with tqdm(total=plan.bytes, unit="B", unit_scale=True) as bar:

        def show(name: str, done: int, total: int) -> None:
            bar.set_postfix_str(name, refresh=False)
            bar.update(done - bar.n)

        yield show


def _show_nothing(name: str, done: int, total: int) -> None:
    pass


def _about_file(error: OSError) -> str:
    what = error.strerror or str(error)
    return f"{error.filename}: {what}" if error.filename else what


def _print(text: str) -> None:
    """Print; what the terminal's encoding has not is escaped, as it is on standard error."""
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding))


def _fail(message: str, code: int) -> int:
    """Say what is wrong, in one line."""
    print(f"{PROGRAM}: error: {' '.join(message.split())}", file=sys.stderr)
    return code
