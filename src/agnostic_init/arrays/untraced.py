"""Keeping compilers of Python out of what they cannot compile."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["untraced"]

Function = TypeVar("Function", bound=Callable[..., Any])

REASON = (
    "agnostic_init draws with code that is no graph; "
    "initialize before compiling, or compile with fullgraph=False"
)


def untraced(function: Function) -> Function:
    """Have ``torch.compile`` break its graph at a function, and run it as it is.

    Its compiler would trace NumPy's operations as operations of torch, which has not all of them.
    Nothing is imported: until the compiler is, nobody traces.
    """
    disabled: list[Any] = []

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        compiler = sys.modules.get("torch._dynamo")
        if compiler is None:
            return function(*args, **kwargs)
        if not disabled:
            takes_reason = "reason" in inspect.signature(compiler.disable).parameters
            reason = {"reason": REASON} if takes_reason else {}  # from torch 2.7 on
            disabled.append(compiler.disable(function, **reason))
        return disabled[0](*args, **kwargs)

    return call  # type: ignore[return-value]
