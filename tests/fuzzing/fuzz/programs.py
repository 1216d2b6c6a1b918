"""A random case is a small program of Python: what runs is what a report prints, to be pasted."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import re
import warnings
from typing import Any, NamedTuple

from agnostic_init import MissingExtraError, ParameterError, ParameterTypeError

__all__ = ["Code", "Fault", "Outcome", "Program", "called", "installed"]

OURS = (ParameterError, ParameterTypeError, MissingExtraError)
IMPORTS = {
    "ai": "import agnostic_init as ai",
    "cj": "from agnostic_init.compat import jax as cj",
    "ck": "from agnostic_init.compat import keras as ck",
    "ti": "from agnostic_init.compat import torch_init as ti",
    "copy": "import copy",
    "da": "import dask.array as da",
    "decimal": "import decimal",
    "fractions": "import fractions",
    "inf": "from math import inf",
    "jax": "import jax",
    "jnp": "import jax.numpy as jnp",
    "json": "import json",
    "keras": "import keras",
    "ml_dtypes": "import ml_dtypes",
    "nan": "from math import nan",
    "np": "import numpy as np",
    "pickle": "import pickle",
    "strict": "import array_api_strict as strict",
    "torch": "import torch",
}
NAMES = re.compile(r"(?<![\w.'\"])(" + "|".join(IMPORTS) + r")\b(?!['\"=])")


class Fault(AssertionError):
    """What a property forbids."""


class Code(str):
    """An expression, which is its own repr."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class Outcome(NamedTuple):
    """What a program gave: a value, or an error."""

    value: Any = None
    error: Exception | None = None

    @property
    def refused(self) -> bool:
        """Whether it ended with one of our errors."""
        return isinstance(self.error, OURS)


class Program(NamedTuple):
    """Statements, of which the last is an expression."""

    lines: tuple[str, ...]

    def __str__(self) -> str:
        found = dict.fromkeys(NAMES.findall("\n".join(self.lines)))
        return "\n".join([*(IMPORTS[name] for name in found), *self.lines])

    def outcome(self, *, warns: bool = False) -> Outcome:
        """Run it; an error that is not ours is a fault, and so is a warning, unless it `warns`."""
        *statements, last = self.lines
        names: dict[str, Any] = {}
        for name in NAMES.findall("\n".join(self.lines)):
            names[name] = _imported(name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore" if warns else "error")
            try:
                for statement in statements:
                    exec(statement, names)
                return Outcome(eval(last, names))
            except OURS as error:
                return Outcome(error=error)


def called(function: str, *args: Any, **kwargs: Any) -> Code:
    """A call."""
    named = [f"{name}={value!r}" for name, value in kwargs.items()]
    return Code(f"{function}({', '.join([*map(repr, args), *named])})")


def installed(*modules: str) -> bool:
    """Whether there are these packages."""
    return all(importlib.util.find_spec(name) is not None for name in modules)


@functools.cache
def _imported(name: str) -> Any:
    names: dict[str, Any] = {}
    exec(IMPORTS[name], names)
    return names[name]
