"""What the command line says: its results, its errors in one line each, and how far it has come."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Iterator

from agnostic_init.arrays.errors import not_imported
from agnostic_init.cli.arguments import PROGRAM
from agnostic_init.models.progress import Progress
from agnostic_init.models.table import printable

__all__ = ["discard_output", "fail", "note", "show", "showing_progress"]


def show(text: str) -> None:
    """Print; what the terminal's encoding has not is escaped, as it is on standard error.

    A reader that has gone away, as in ``describe SPEC | head``, and a full disk are noticed here.
    """
    if sys.stdout is None:
        raise OSError(errno.EBADF, "standard output is closed")
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)


def discard_output() -> None:
    """Let the interpreter find nothing to write, and nothing to complain of, when it ends."""
    with contextlib.suppress(OSError, ValueError, AttributeError):  # where there is no file behind
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def fail(message: str, code: int) -> int:
    """Say what is wrong, in one line; the code is returned."""
    _say("error", message)
    return code


def note(message: str) -> None:
    """Say what is worth to know, in one line."""
    _say("note", message)


def _say(kind: str, message: str) -> None:
    text = printable(" ".join(message.split()))
    # Where standard error is closed there is nobody to tell; the exit code says the rest.
    with contextlib.suppress(OSError, ValueError, AttributeError):
        print(f"{PROGRAM}: {kind}: {text}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def showing_progress(total: int, *, hidden: bool, unit: str = "B") -> Iterator[Progress]:
    """A bar of bytes, or of a unit, on a terminal's standard error; none where that is a file or a pipe."""
    if hidden or sys.stderr is None or sys.stderr.closed or not sys.stderr.isatty():
        yield _show_nothing
        return
    try:
        from tqdm import tqdm
    except ImportError as error:
        why = not_imported(error, "tqdm", "A progress bar", "cli")
        note(f"{why}; going on without")
        yield _show_nothing
        return
    with tqdm(total=total, unit=unit, unit_scale=unit == "B") as bar:

        def progress(name: str, done: int, total: int) -> None:
            bar.total = total
            bar.set_postfix_str(printable(name), refresh=False)
            bar.update(done - bar.n)

        yield progress


def _show_nothing(name: str, done: int, total: int) -> None:
    pass
