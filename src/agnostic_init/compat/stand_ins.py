"""Replacing another library's functions for the code of a block, and for no other thread.

Each function is replaced, in its module and in every module that has imported it by name, by a
stand-in that asks a context variable what to do. So whoever calls it outside of the block's context
finds the library's own behind the same name, even if the stand-in was kept.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

__all__ = ["StandIns"]

Function = Callable[..., Any]


class StandIns:
    """The functions of one module that blocks may replace.

    Parameters
    ----------
    module
        Its name.
    names
        Those of the functions.
    but_for
        The name of a module, or of a package, whose own calls are left to the library.
    """

    def __init__(self, module: str, names: Iterable[str], but_for: str = "") -> None:
        self.module, self.but_for = module, but_for
        self.names = tuple(names)
        self._chosen: ContextVar[Mapping[str, Function] | None]
        self._chosen = ContextVar(f"stand-ins for {module}", default=None)
        self._lock = threading.Lock()
        self._blocks = 0
        self._pairs: list[tuple[Function, Function]] = []  # (the library's, what stands for it)

    @contextmanager
    def using(self, functions: Mapping[str, Function]) -> Iterator[None]:
        """Run a block in which the names of `functions` stand for those."""
        self._enter()
        token = self._chosen.set(functions)
        try:
            yield
        finally:
            self._chosen.reset(token)
            self._leave()

    def _enter(self) -> None:
        module = importlib.import_module(self.module)
        with self._lock:
            if self._blocks == 0:
                theirs = [(name, getattr(module, name, None)) for name in self.names]
                self._pairs = [
                    (function, self._stand_in(name, function))
                    for name, function in theirs
                    if function is not None
                ]
                _swap(self._pairs)
            self._blocks += 1

    def _leave(self) -> None:
        with self._lock:
            self._blocks -= 1
            if self._blocks == 0:
                _swap([(stand_in, theirs) for theirs, stand_in in self._pairs])

    def _stand_in(self, name: str, theirs: Function) -> Function:
        @functools.wraps(theirs)
        def call(*args: Any, **kwargs: Any) -> Any:
            chosen = self._chosen.get()
            if chosen is None or (self.but_for and self._from_there()):
                return theirs(*args, **kwargs)
            return chosen.get(name, theirs)(*args, **kwargs)

        return call

    def _from_there(self) -> bool:
        """Whether a module of `but_for` has called the stand-in that asks."""
        frame = inspect.currentframe()
        for _ in range(2):
            frame = frame and frame.f_back
        name = frame.f_globals.get("__name__", "") if frame is not None else ""
        return name == self.but_for or name.startswith(f"{self.but_for}.")


def _swap(pairs: Iterable[tuple[Function, Function]]) -> None:
    """Put the second of each pair wherever a module has the first under a name."""
    replacements = {id(old): new for old, new in pairs}
    for module in list(sys.modules.values()):
        names: Any = getattr(module, "__dict__", None)
        for name, value in list(names.items()) if isinstance(names, dict) else ():
            if id(value) in replacements:
                names[name] = replacements[id(value)]
