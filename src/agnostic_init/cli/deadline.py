"""A bound on the time that a SPEC may take: some regular expressions would take for ever."""

from __future__ import annotations

import contextlib
import math
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType

from agnostic_init.arrays.errors import Wording, must
from agnostic_init.models.rules import Rule, firsts

__all__ = ["deadline"]

LOOKS = 60  # of which all must find a rule being matched
MATCHING = (firsts.__code__, Rule.matches.__code__)


@contextlib.contextmanager
def deadline(matching: float, whole: float = math.inf) -> Iterator[None]:
    """Raise inside where it takes longer, on systems that have timers and in the main thread.

    Matching an expression looks at signals now and then, so that it ends too.

    Parameters
    ----------
    matching
        Seconds for names to be matched with rules. What else is done, as by a user's own function,
        does not count.
    whole
        Seconds for all that is done.
    """
    if (
        not hasattr(signal, "setitimer")
        or threading.current_thread() is not threading.main_thread()
    ):
        yield
        return
    began, looks = time.monotonic(), 0

    def look(number: int, frame: FrameType | None) -> None:
        nonlocal looks
        looks += _is_matching(frame)
        late = time.monotonic() - began >= whole
        if late or looks >= LOOKS:
            # Not again before the message is made; but again, if somebody's code takes no notice.
            signal.setitimer(signal.ITIMER_REAL, matching, matching / LOOKS)
        if looks >= LOOKS:
            raise must(
                "rules",
                f"must be matched with all names within {matching:g} seconds",
                Wording("longer"),
                "no regular expression that repeats what repeats, as (a+)+ does",
            )
        if late:
            rule = f"must be planned within {whole:g} seconds"
            raise must("SPEC", rule, Wording("longer"), "fewer layers")

    before = signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, matching / LOOKS, matching / LOOKS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _is_matching(frame: FrameType | None) -> bool:
    """Whether what was interrupted is the matching of rules, or called by it."""
    while frame is not None:
        if frame.f_code in MATCHING:
            return True
        frame = frame.f_back
    return False
