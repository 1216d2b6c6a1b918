"""Having all of ``torch.nn.init`` ask modes first, as four of its functions do.

A mode of torch sees `normal_` being called, but of `xavier_normal_` or `orthogonal_` only the
operations inside. While blocks are open, the code of these functions is one that asks the modes of
blocks first. The functions stay the same objects: whoever keeps one, in a table, a default or a
partial, or pickles it, finds torch's own, and without a block on the thread it does what it did.
"""

from __future__ import annotations

import inspect
import threading
import types
from collections.abc import Callable
from typing import Any

import torch
from torch.overrides import (
    TorchFunctionMode,
    _get_current_function_mode_stack,
    handle_torch_function,
)

from agnostic_init.compat.torch_init.meanings import FILLING

__all__ = ["BlockMode", "call", "close_entries", "open_entries"]

ASKS = "has_torch_function_variadic"  # what a function that asks modes calls
NAMES = (*FILLING, "_no_grad_trunc_normal_")
SOURCE = """
def {name}({parameters}):
    from agnostic_init.compat.torch_init.entries import call
    return call({name!r}, {parameters})
"""

_lock = threading.Lock()
_blocks = 0
_functions: dict[str, types.FunctionType] = {}  # torch's, whose code changes
_originals: dict[str, types.FunctionType] = {}  # the same with torch's code, for good
_codes: dict[str, tuple[types.CodeType, types.CodeType]] = {}  # torch's, and what asks first


class BlockMode(TorchFunctionMode):  # type: ignore[misc]
    """The mode of a block."""


def open_entries() -> None:
    """Have the functions ask modes, until as many `close_entries` as `open_entries` were called."""
    global _blocks  # noqa: PLW0603 - one for the process, as the functions are
    with _lock:
        if not _functions:
            _find()
        if _blocks == 0:
            for name, function in _functions.items():
                function.__code__ = _codes[name][1]
        _blocks += 1


def close_entries() -> None:
    """End what `open_entries` began."""
    global _blocks  # noqa: PLW0603 - as above
    with _lock:
        _blocks -= 1
        if _blocks == 0:
            for name, function in _functions.items():
                function.__code__ = _codes[name][0]


def call(name: str, tensor: Any, *rest: Any) -> Any:
    """What a function does when blocks are open, be it on this thread or on others."""
    if any(isinstance(mode, BlockMode) for mode in _get_current_function_mode_stack()):
        return handle_torch_function(_functions[name], (tensor,), tensor, *rest)
    return _originals[name](tensor, *rest)


def _find() -> None:
    names = vars(torch.nn.init)
    for name in NAMES:
        function: Callable[..., Any] | None = names.get(name)
        # While others guard torch's functions, these are not to be had under their names.
        if not isinstance(function, types.FunctionType) or function.__globals__ is not names:
            continue
        code = function.__code__
        if ASKS in code.co_names or code.co_freevars:
            continue
        _codes[name] = code, _asking(name, function)
        _originals[name] = types.FunctionType(code, names, name, function.__defaults__)
        _functions[name] = function


def _asking(name: str, function: types.FunctionType) -> types.CodeType:
    """Code with the same parameters; where it is from is what it says, for ``torch.jit.script``."""
    parameters = ", ".join(inspect.signature(function).parameters)
    made: dict[str, Any] = {}
    exec(SOURCE.format(name=name, parameters=parameters), made)  # noqa: S102 - text of this file
    code: types.CodeType = made[name].__code__
    theirs = function.__code__
    return code.replace(co_filename=theirs.co_filename, co_firstlineno=theirs.co_firstlineno)
