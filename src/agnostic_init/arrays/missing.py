"""What stands for a public name whose library is not installed, until it is used."""

from __future__ import annotations

from types import ModuleType
from typing import Any, NoReturn

from agnostic_init.arrays.errors import MissingExtraError

__all__ = ["stand_in"]


class _Folder(ModuleType):
    """A folder that cannot be imported."""

    def __init__(self, name: str, extra: str) -> None:
        super().__init__(name, f"What needs {extra}, which is not installed.")
        self._extra = extra

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):  # as tools ask of every module
            raise AttributeError(name)
        what = f"{self.__name__}.{name}"
        raise MissingExtraError(what, self._extra)


def stand_in(name: str, extra: str, *, folder: bool) -> Any:
    """Make what can be imported and looked at, and says which extra to install when it is used.

    So that ``from agnostic_init import *`` and tools that look at every name go on.

    >>> stand_in("agnostic_init.bind", "torch", folder=False)(None)
    Traceback (most recent call last):
        ...
    agnostic_init.arrays.errors.MissingExtraError: agnostic_init.bind needs a package that is ...
    """
    if folder:
        return _Folder(name, extra)

    def missing(*_: Any, **__: Any) -> NoReturn:
        raise MissingExtraError(name, extra)

    missing.__name__ = missing.__qualname__ = name.rpartition(".")[2]
    missing.__doc__ = f"Needs {extra}, which is not installed."
    return missing
