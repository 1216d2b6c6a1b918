"""Initializers that others write as a function."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, overload

from agnostic_init.arrays.errors import Wording, must_be_type
from agnostic_init.initializers.custom import CustomInitializer

__all__ = ["TAKES", "from_function"]

TAKES = ("shape", "key", "xp", "dtype", "device")


@overload
def from_function(
    function: Callable[..., Any], *, needs_key: bool = True
) -> Callable[..., CustomInitializer]: ...


@overload
def from_function(
    function: None = None, *, needs_key: bool = True
) -> Callable[[Callable[..., Any]], Callable[..., CustomInitializer]]: ...


def from_function(function: Any = None, *, needs_key: bool = True) -> Any:
    """Make an initializer of a function ``(shape, key, xp, dtype, device)``.

    Parameters
    ----------
    function
        Returns a new array of the whole shape and the dtype, made by the namespace `xp` on the
        device. Its further parameters, by keyword alone, are those of the initializer. What they
        and the arguments are is said in `CustomInitializer`, of whose hook ``array`` this is a
        shorter form.
    needs_key
        Whether the values are random; if not, `key` may be None.

    Returns
    -------
    type
        A subclass of `CustomInitializer`, named as the function. Without a function, what does the
        same to one: a decorator.

    Raises
    ------
    ParameterTypeError
        If the function takes other parameters.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> @ai.from_function
    ... def signs(shape, key, xp, dtype, device, *, gain=1.0):
    ...     u = ai.draws.uniform(shape, -1, 1, key=key, xp=xp, dtype=dtype, device=device)
    ...     return gain * xp.sign(u)
    >>> signs(gain=0.5)
    signs(gain=0.5)
    >>> signs()((4,), key=7)
    array([-1., -1., -1.,  1.], dtype=float32)
    >>> signs().describe((2, 3)).distribution
    'signs'
    """
    if function is None:
        return lambda given: from_function(given, needs_key=needs_key)
    own = _own_parameters(function)

    def array(self: Any, shape: tuple[int, ...], key: Any, xp: Any, dtype: Any, device: Any) -> Any:
        options = {each.name: getattr(self, each.name) for each in own}
        return function(shape, key, xp, dtype, device, **options)

    body = {
        "__module__": function.__module__,
        "__qualname__": function.__qualname__,
        "__doc__": function.__doc__,
        "__annotations__": {each.name: "Any" for each in own},
        "needs_key": needs_key,
        "array": array,
    }
    body |= {each.name: each.default for each in own if each.default is not each.empty}
    return type(function.__name__, (CustomInitializer,), body)


def _own_parameters(function: Any) -> Sequence[inspect.Parameter]:
    """Those beyond the five that every such function takes."""
    rule = f"must be a function of ({', '.join(TAKES)}), with its own parameters by keyword alone"
    if isinstance(function, type) or not callable(function):
        raise must_be_type("function", rule, function)
    given = list(inspect.signature(function).parameters.values())
    first, own = given[: len(TAKES)], given[len(TAKES) :]
    if tuple(each.name for each in first) != TAKES or any(
        each.kind is not each.KEYWORD_ONLY for each in own
    ):
        name = getattr(function, "__name__", type(function).__name__)
        raise must_be_type("function", rule, Wording(f"{name}{inspect.signature(function)}"))
    return own
