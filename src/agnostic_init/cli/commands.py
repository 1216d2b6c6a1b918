"""The commands, and the exit code of whatever may happen to them."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from agnostic_init.arrays.errors import (
    MissingExtraError,
    ParameterError,
    ParameterTypeError,
    must,
    within,
)
from agnostic_init.arrays.target import BACKENDS
from agnostic_init.checkpoint import Written, write_plan
from agnostic_init.cli.arguments import parser, parser_of_command
from agnostic_init.cli.checking import add_check
from agnostic_init.cli.deadline import deadline
from agnostic_init.cli.reporting import discard_output, fail, note, show, showing_progress
from agnostic_init.cli.signals import Signals, StoppedError
from agnostic_init.installation import info
from agnostic_init.models.plan import Plan
from agnostic_init.models.spec_file import read_spec, spec_of

__all__ = ["main"]

FAILED, WRONG = 1, 2
PLANNING = 60.0  # seconds
FORMATS_OF_OTHERS = (
    *(".bin", ".ckpt", ".gguf", ".h5", ".keras", ".msgpack", ".npy", ".npz", ".onnx"),
    *(".json", ".pickle", ".pkl", ".pt", ".pth", ".toml"),
)


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
    except OSError as error:
        about_spec = isinstance(error.filename, str) and Path(error.filename) == Path(options.spec)
        discard_output()
        return fail(_about_file(error), WRONG if about_spec else FAILED)
    except ImportError as error:  # of a library that is there and broken
        return fail(str(error), FAILED)
    except (MemoryError, RuntimeError) as error:  # what the array libraries raise for a device
        return fail(f"{type(error).__name__}: {error}", FAILED)
    except (KeyboardInterrupt, StoppedError) as stopped:
        stop = stopped if isinstance(stopped, StoppedError) else StoppedError(signal.SIGINT)
        how = "interrupted" if stop.number == signal.SIGINT else "terminated"
        return fail(f"{how}; no file was left behind", stop.code)
    return code


def _parser() -> argparse.ArgumentParser:
    made = parser()
    commands = made.add_subparsers(required=True, metavar="COMMAND")

    write = parser_of_command(
        commands, "write", "make every tensor of SPEC and write a .safetensors file"
    )
    write.add_argument("out", metavar="OUT", help="the .safetensors file to write")
    write.add_argument(
        "--backend",
        choices=list(BACKENDS),
        default="numpy",
        help="the array library that makes the tensors (default: numpy); the bytes are the same, "
        "but for the last bits of orthogonal tensors",
    )
    write.add_argument(
        "--device", metavar="D", help="a device of that library, such as cpu or cuda:0"
    )
    write.add_argument(
        "--overwrite", action="store_true", help="replace OUT, once the new file is complete"
    )
    write.add_argument("--no-progress", action="store_true", help="show no progress bar")
    write.set_defaults(run=_write)

    describe = parser_of_command(
        commands, "describe", "print what write would make, and make nothing"
    )
    describe.set_defaults(run=_describe)

    add_check(commands)

    what = "say which engine makes values here, and what is installed"
    about = commands.add_parser("info", help=what, description=f"{what[0].upper()}{what[1:]}.")
    about.add_argument("--json", action="store_true", help="print JSON")
    about.set_defaults(run=_info, spec="-")
    return made


def _plan(options: argparse.Namespace) -> Plan:
    try:
        with deadline(PLANNING):
            if options.spec == "-":
                spec = spec_of(sys.stdin.buffer, "standard input")
            else:
                spec = read_spec(Path(options.spec))
            with within("standard input" if options.spec == "-" else options.spec):
                key = options.seed if options.seed is not None else options.key
                return spec.plan(key, options.dtype)
    except (ParameterError, ParameterTypeError):
        raise
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        RecursionError,
        TypeError,
        ValueError,
    ) as e:
        # Whatever else a value of a SPEC makes a library raise is a fault of the SPEC too.
        message = f"{options.spec}: must have values that can be used ({type(e).__name__}: {e})"
        raise ParameterError(message) from e


def _describe(options: argparse.Namespace, signals: Signals) -> int:
    plan = _plan(options)
    show(json.dumps(plan.to_dict(), indent=2) if options.json else str(plan))
    return 0


def _info(options: argparse.Namespace, signals: Signals) -> int:
    found = info()
    show(json.dumps(found.to_dict(), indent=2) if options.json else str(found))
    return 0


def _write(options: argparse.Namespace, signals: Signals) -> int:
    plan = _plan(options)
    _check_out(options)
    with showing_progress(plan.bytes, hidden=options.no_progress) as progressed:

        def progress(name: str, done: int, total: int) -> None:
            signals.check()
            progressed(name, done, total)

        written = write_plan(
            plan,
            options.out,
            xp=options.backend,
            device=options.device,
            overwrite=options.overwrite,
            progress=progress,
            before=signals.close,
        )
    try:
        show(_written(plan, written, as_json=options.json))
    except OSError as error:
        # OUT is new and whole, which is what the exit code says.
        discard_output()
        note(f"{written.path} is written; standard output is not: {error}")
    return 0


def _check_out(options: argparse.Namespace) -> None:
    out = Path(options.out)
    if options.out == "-":
        raise must("OUT", "must be a file, not standard output", "-", "a name.safetensors")
    if out.suffix.lower() in FORMATS_OF_OTHERS:
        hint = str(out.with_suffix(".safetensors"))
        raise must("OUT", "must be a .safetensors file, the one format there is", str(out), hint)
    if out.exists():
        if options.spec != "-" and out.samefile(options.spec):
            raise must("OUT", "must not be SPEC", str(out), "another name")
        if not options.overwrite:
            message = f"{options.out} exists; try: --overwrite"
            raise ParameterError(message)


def _written(plan: Plan, written: Written, *, as_json: bool) -> str:
    if not as_json:
        return (
            f"{written.path}: {len(plan):,} tensors, {plan.elements:,} parameters, "
            f"{written.data_bytes:,} bytes of data\nsha256 of the data: {written.sha256}"
        )
    told = {
        "path": str(written.path),
        "tensors": len(plan),
        "elements": plan.elements,
        "bytes": written.data_bytes,
        "sha256": written.sha256,
    }
    return json.dumps(told, indent=2)


def _about_file(error: OSError) -> str:
    what = error.strerror or str(error)
    return f"{error.filename}: {what}" if error.filename else what
