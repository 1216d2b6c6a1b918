"""From what a user wrote to an initializer: its name, a dictionary, or the initializer itself."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from agnostic_init.arrays.errors import ParameterTypeError, Wording, must, must_be_type
from agnostic_init.initializers.base import Initializer
from agnostic_init.initializers.registry import build, is_registered

__all__ = ["found", "get", "is_function"]


def get(identifier: str | Mapping[str, Any] | Initializer) -> Initializer:
    """Find an initializer.

    Parameters
    ----------
    identifier
        A name; a dictionary of a name and parameters, as `Initializer.to_dict` makes; or an
        initializer, which is returned as it is.

    Returns
    -------
    Initializer

    Raises
    ------
    ParameterError
        For a name that is not known, or parameters that the initializer has not.
    ParameterTypeError
        For anything else, such as the class `normal` where ``normal()`` is meant.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.get({"name": "normal", "std": 0.02})
    normal(mean=0.0, std=0.02)
    >>> ai.get("zeros")
    zeros()
    """
    return found(identifier, "identifier")


def found(given: Any, parameter: str) -> Initializer:
    """As `get`, of what the user gave as `parameter`."""
    if isinstance(given, Initializer):
        return given
    if isinstance(given, str):
        given = {"name": given}
    if isinstance(given, Mapping):
        try:
            made: Any = build(given, parameter)
        except RecursionError:
            shown = Wording(f"a {type(given).__name__} in which others are nested")
            raise must(parameter, "must be nested less deeply", shown) from None
        if not isinstance(made, Initializer):  # of a factory of somebody else's
            raise must_be_type(str(given["name"]), "must return an initializer", made)
        return made
    if is_registered(given) or (isinstance(given, type) and issubclass(given, Initializer)):
        raise _not_called(given, parameter)
    rule = "must be an initializer, its name, or a dictionary with its name"
    raise must_be_type(parameter, rule, given)


def is_function(given: Any) -> bool:
    """Whether this is a function of the user's, and not one that was to be called first."""
    known = isinstance(given, Initializer | type) or is_registered(given)
    return callable(given) and not known


def _not_called(given: Any, parameter: str) -> ParameterTypeError:
    """The error where the parentheses were forgotten."""
    name = given.__name__
    kind = "class" if isinstance(given, type) else "function"
    parameters = inspect.signature(given).parameters.values()
    needed = any(each.default is inspect.Parameter.empty for each in parameters)
    call = f"{'ai.' if is_registered(given) else ''}{name}({'...' if needed else ''})"
    return must_be_type(parameter, "must be an initializer", Wording(f"the {kind} {name}"), call)
