"""A bound on the time that a regular expression of a SPEC may take: some would take for ever."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import NoReturn

from agnostic_init.arrays.errors import must

__all__ = ["deadline"]


@contextlib.contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Raise inside where it takes longer, on systems that have timers and in the main thread.

    Matching an expression looks at signals now and then, so that it ends too.
    """
    if (
        not hasattr(signal, "setitimer")
        or threading.current_thread() is not threading.main_thread()
    ):
        yield
        return

    def stop(number: int, frame: object) -> NoReturn:
        raise must(
            "rules",
            f"must be matched with all names within {seconds:g} seconds",
            "longer",
            "no regular expression that repeats what repeats, as (a+)+ does",
        )

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
