"""The names without an underscore, which torch deprecated and still has."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

from agnostic_init.compat.torch_init import elementwise, scaled, structured

__all__ = [
    "constant",
    "dirac",
    "eye",
    "kaiming_normal",
    "kaiming_uniform",
    "normal",
    "orthogonal",
    "sparse",
    "uniform",
    "xavier_normal",
    "xavier_uniform",
]


def _deprecated(function: Callable[..., Any]) -> Callable[..., Any]:
    new = function.__name__
    old = new.removesuffix("_")

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        # Torch's words, which code filters by.
        text = f"`nn.init.{old}` is now deprecated in favor of `nn.init.{new}`."
        warnings.warn(text, FutureWarning, stacklevel=2)
        return function(*args, **kwargs)

    call.__name__ = call.__qualname__ = old
    call.__doc__ = f"Call `{new}`, with a warning: this name is deprecated."
    return call


uniform = _deprecated(elementwise.uniform_)
normal = _deprecated(elementwise.normal_)
constant = _deprecated(elementwise.constant_)
eye = _deprecated(structured.eye_)
dirac = _deprecated(structured.dirac_)
xavier_uniform = _deprecated(scaled.xavier_uniform_)
xavier_normal = _deprecated(scaled.xavier_normal_)
kaiming_uniform = _deprecated(scaled.kaiming_uniform_)
kaiming_normal = _deprecated(scaled.kaiming_normal_)
orthogonal = _deprecated(structured.orthogonal_)
sparse = _deprecated(structured.sparse_)
