"""Blocks of code in which something else holds, which may be decorators too."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import Any, ParamSpec, TypeVar

from agnostic_init.arrays.errors import must_be_type

__all__ = ["Block", "block"]

Parameters = ParamSpec("Parameters")
Value = TypeVar("Value")


class Block(AbstractContextManager[Any]):
    """A context that may be entered again, and may decorate what runs when it is called."""

    def __init__(self, made: Callable[[], AbstractContextManager[Any]]) -> None:
        self._made = made
        self._entered: list[AbstractContextManager[Any]] = []

    def __enter__(self) -> Any:
        context = self._made()
        value = context.__enter__()
        self._entered.append(context)
        return value

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        return self._entered.pop().__exit__(kind, error, trace)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        # The code of these runs when the block is over: they would be decorated to no effect.
        later = (
            inspect.isgeneratorfunction,
            inspect.iscoroutinefunction,
            inspect.isasyncgenfunction,
        )
        if any(is_one(function) for is_one in later):
            rule = "must run when it is called, and be no generator or coroutine"
            raise must_be_type("function", rule, function, "a `with` block inside of it")

        @functools.wraps(function)
        def inside(*args: Any, **kwargs: Any) -> Any:
            with self._made():
                return function(*args, **kwargs)

        return inside


def block(make: Callable[Parameters, Iterator[Value]]) -> Callable[Parameters, Block]:
    """What `contextlib.contextmanager` is, whose contexts are as `Block` says.

    Examples
    --------
    >>> @block
    ... def told():
    ...     print("in")
    ...     yield
    >>> @told()
    ... def later():
    ...     yield 1
    Traceback (most recent call last):
        ...
    agnostic_init.arrays.errors.ParameterTypeError: `function` must run when it is called, ...
    """
    context = contextmanager(make)

    @functools.wraps(make)
    def made(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Block:
        return Block(lambda: context(*args, **kwargs))

    return made
