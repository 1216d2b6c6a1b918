"""Signals that ask for the end, as exceptions, so that files are removed on the way out."""

from __future__ import annotations

import signal
import sys
import threading
from typing import Any, Self

__all__ = ["Signals", "StoppedError"]

ENDS = ("SIGINT", "SIGTERM", "SIGHUP")  # of the keyboard, of a system, of a terminal that goes away
DEFAULTS = (signal.SIG_DFL, signal.default_int_handler)


class StoppedError(BaseException):
    """A signal has asked for the end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number

    @property
    def code(self) -> int:
        """The exit code of a process that the signal ended, as shells give it."""
        return 128 + self.number


class Signals:
    """While it is entered, the first signal raises. One that is ignored, as under nohup, stays so.

    Python drops an exception that is raised in a callback of its own, as of a weak reference, and
    says so; this one goes without a word. So whoever works long calls `check` now and then.

    Parameters
    ----------
    until_exit
        Whether signals that come after `close` are ignored until the process ends, and not only
        until it is left.
    """

    def __init__(self, *, until_exit: bool = False) -> None:
        self.until_exit = until_exit
        self.asked: int | None = None
        self.closed = False
        self.before: dict[int, Any] = {}
        self.tell = sys.unraisablehook

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():  # no other may set handlers
            for name in ENDS:
                number = getattr(signal, name, None)
                if number is not None and signal.getsignal(number) in DEFAULTS:
                    self.before[number] = signal.signal(number, self._stop)
            self.tell, sys.unraisablehook = sys.unraisablehook, self._dropped
        return self

    def __exit__(self, *error: object) -> None:
        ignored = self.closed and self.until_exit
        for number, handler in self.before.items():
            signal.signal(number, signal.SIG_IGN if ignored else handler)
        if sys.unraisablehook == self._dropped:
            sys.unraisablehook = self.tell

    def check(self) -> None:
        """Raise if a signal has come, also if that was dropped."""
        if self.asked is not None:
            raise StoppedError(self.asked)

    def close(self) -> None:
        """Take no more: what comes from now on is too late. Raise if one has come."""
        self.closed = True
        self.check()

    def _dropped(self, dropped: Any) -> None:
        if not isinstance(dropped.exc_value, StoppedError):
            self.tell(dropped)

    def _stop(self, number: int, frame: object) -> None:
        if self.closed:
            return
        self.asked = number
        for each in self.before:
            signal.signal(each, signal.SIG_IGN)  # a second one is not to stop the removal
        raise StoppedError(number)
