"""Errors and warnings: of torch's kinds, in our words or torch's."""

from __future__ import annotations

import inspect
import warnings

from agnostic_init.arrays.errors import ParameterError

__all__ = ["WITHIN", "RefusedError", "UnsupportedDtypeError", "line", "refused", "warn"]

#: Modules whose frames lie between a call and what warns of it.
WITHIN = (
    "agnostic_init.",
    "torch.overrides",
    "torch.nn.init",
    "torch._dynamo.",
    "torch.utils._contextlib",
    "contextlib",
)


class RefusedError(ParameterError, RuntimeError):
    """A parameter or a tensor that cannot be used, where torch raises a RuntimeError."""


class UnsupportedDtypeError(ParameterError, NotImplementedError):
    """A dtype that has no such values, where torch raises a NotImplementedError."""


def refused(error: ParameterError, **names: str) -> RefusedError:
    """What torch raises for a parameter, which may have another name here.

    Parameters
    ----------
    error
        Of an initializer.
    **names
        By the names that the initializers have for parameters, those that torch has.
    """
    text = str(error)
    for ours, theirs in names.items():
        text = text.replace(f"`{ours}`", f"`{theirs}`")
    return RefusedError(text)


def warn(text: str) -> None:
    """Warn whoever called a function of this package, or torch's in whose place it stands."""
    frame, level = inspect.currentframe(), 1
    while frame is not None and str(frame.f_globals.get("__name__")).startswith(WITHIN):
        frame, level = frame.f_back, level + 1
    warnings.warn(text, stacklevel=level)


def line() -> str:
    """Where that is, as " at FILE:LINE"."""
    frame = inspect.currentframe()
    while frame is not None and str(frame.f_globals.get("__name__")).startswith(WITHIN):
        frame = frame.f_back
    return "" if frame is None else f" at {frame.f_code.co_filename}:{frame.f_lineno}"
