"""Not collecting garbage where thousands of records are made at once, all of which are kept."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["collecting_later"]


@contextmanager
def collecting_later() -> Iterator[None]:
    """Leave garbage where it is while this lasts.

    The records would make the collector look at all that a process holds, which after the import
    of an array library takes longer than filling a model.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
