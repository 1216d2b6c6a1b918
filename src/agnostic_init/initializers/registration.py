"""Names for initializers that others write."""

from __future__ import annotations

import inspect
from typing import Any

from agnostic_init.arrays.errors import Wording, must_be_type
from agnostic_init.initializers.base import Initializer
from agnostic_init.initializers.functions import TAKES
from agnostic_init.initializers.registry import add

__all__ = ["register"]


def register(factory: Any = None, *, name: str | None = None) -> Any:
    """Give an initializer of your own a name, by which it is found as all others are.

    Then `get`, the rules of `init_tree` and `fill_tree`, dictionaries and spec files know it, and
    what was written to a file by it can be made again.

    Parameters
    ----------
    factory
        A class: of `from_function`, or a subclass of `CustomInitializer`. Or a function that
        returns an initializer, whose parameters are its own.
    name
        That of the class or function by default. In a library, best with the library's in front:
        ``"mylib.small_init"``.

    Returns
    -------
    type or callable
        The factory. Without one, a decorator.

    Raises
    ------
    ParameterError
        If the name is another initializer's. One that was defined again, as in a notebook, takes
        the place of what it was.
    ParameterTypeError
        If the factory is not as above.

    Notes
    -----
    A package that has the entry point ``name = "module:factory"`` in the group
    ``agnostic_init.initializers`` is asked for it when somebody names it, also by the command line.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> @ai.register(name="example.halved")
    ... def halved(std: float):
    ...     return ai.normal(std=std / 2)
    >>> ai.get({"name": "example.halved", "std": 0.5})
    normal(mean=0.0, std=0.25)
    """
    if factory is None:
        return lambda given: register(given, name=name)
    rule = "must be a subclass of CustomInitializer, or a function that returns an initializer"
    if not callable(factory) or isinstance(factory, Initializer):
        raise must_be_type("factory", rule, factory)
    if isinstance(factory, type) and not issubclass(factory, Initializer):
        raise must_be_type("factory", rule, factory, "ai.from_function for a function")
    known = inspect.signature(factory).parameters
    if not isinstance(factory, type) and tuple(known)[: len(TAKES)] == TAKES:
        given = Wording(f"one of ({', '.join(TAKES)})")
        raise must_be_type("factory", rule, given, f"ai.from_function({factory.__name__})")
    title = factory.__name__ if name is None else name
    if not isinstance(title, str) or not title:
        raise must_be_type("name", "must be a string that is not empty", title)
    add(title, factory)
    return factory
