"""The commands, and the exit code of whatever may happen to them."""

from __future__ import annotations

import argparse
import json
import signal
from collections.abc import Sequence
from pathlib import Path

from agnostic_init.arrays.errors import (
    MissingExtraError,
    ParameterError,
    ParameterTypeError,
)
from agnostic_init.cli.arguments import command, parser
from agnostic_init.cli.checking import add_check
from agnostic_init.cli.conforming import add_conformance
from agnostic_init.cli.reporting import discard_output, fail, show
from agnostic_init.cli.signals import Signals, StoppedError
from agnostic_init.cli.studying import add_study
from agnostic_init.cli.writing import add_describe, add_write
from agnostic_init.installation import info
from agnostic_init.models.spec_schema import spec_schema

__all__ = ["main"]

FAILED, WRONG = 1, 2


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
        with Signals(until_exit=arguments is None) as signals:
            code: int = options.run(options, signals)
    except (ParameterError, ParameterTypeError, MissingExtraError) as error:
        return fail(str(error), WRONG)
    except BrokenPipeError:
        discard_output()
        return FAILED
    except SystemExit as error:  # of code that a SPEC names
        return fail(
            f"{options.spec}: must not end the process, as by sys.exit({error.code})", WRONG
        )
    except OSError as error:
        given = [name for name in (options.spec, getattr(options, "rules", None)) if name]
        about_spec = isinstance(error.filename, str) and Path(error.filename) in map(Path, given)
        discard_output()
        # Where OUT cannot be written, as in a folder that is read-only or full, OUT is wrong.
        wrong = about_spec or hasattr(options, "out")
        return fail(_about_file(error), WRONG if wrong else FAILED)
    except ImportError as error:  # of a library that is there and broken
        return fail(str(error), FAILED)
    except (MemoryError, RuntimeError) as error:  # what the array libraries raise for a device
        return fail(f"{type(error).__name__}: {error}", FAILED)
    except (KeyboardInterrupt, StoppedError) as stopped:
        stop = stopped if isinstance(stopped, StoppedError) else StoppedError(signal.SIGINT)
        resumable = getattr(options, "resume", False)
        how = "interrupted" if stop.number == signal.SIGINT else "terminated"
        left = "what is written is kept for --resume" if resumable else "no file was left behind"
        return fail(f"{how}; {left}", stop.code)
    return code


def _parser() -> argparse.ArgumentParser:
    made = parser()
    commands = made.add_subparsers(required=True, metavar="COMMAND")

    add_write(commands)
    add_describe(commands)
    add_check(commands)
    add_study(commands)
    add_conformance(commands)

    schema = command(commands, "schema", "print the JSON schema of spec files, for editors")
    schema.set_defaults(run=_schema, spec="-")

    what = "say which engine makes values here, and what is installed"
    about = command(commands, "info", what)
    about.add_argument("--json", action="store_true", help="print JSON")
    about.set_defaults(run=_info, spec="-")
    return made


def _schema(options: argparse.Namespace, signals: Signals) -> int:
    show(json.dumps(spec_schema(), indent=2))
    return 0


def _info(options: argparse.Namespace, signals: Signals) -> int:
    found = info()
    show(json.dumps(found.to_dict(), indent=2) if options.json else str(found))
    return 0


def _about_file(error: OSError) -> str:
    what = error.strerror or str(error)
    return f"{error.filename}: {what}" if error.filename else what
