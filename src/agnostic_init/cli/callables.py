"""A function of Python as a SPEC: ``module:function``."""

from __future__ import annotations

import difflib
import importlib
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from agnostic_init.arrays.errors import (
    ParameterError,
    ParameterTypeError,
    Wording,
    must,
    must_be_type,
    within,
)
from agnostic_init.models.plan import Plan
from agnostic_init.models.spec_file import spec_of_data
from agnostic_init.models.torch_wrappers import is_module
from agnostic_init.models.tree import plan_tree

__all__ = ["is_callable", "plan_of_callable"]

FORM = re.compile(r"[^\W\d][\w.]*:[^\W\d][\w.]*")
RETURNS = (
    "must return a module of torch, a pair (specs, rules), a dictionary as a spec file, or a Plan"
)


def is_callable(text: str) -> bool:
    """Whether what was given as SPEC is the name of a function."""
    return FORM.fullmatch(text) is not None and not Path(text).exists()


def plan_of_callable(text: str, rules: Any, key: Any, dtype: str | None, other: Any = None) -> Plan:
    """The plan of what a function returns, which is called without arguments.

    Parameters
    ----------
    text
        ``module:function``; the module is looked for in the current folder first.
    rules
        Where the function returns a module of torch: what some parameters get instead.
    key, dtype
        In place of those of what it returns.
    other
        The key where none is given and what it returns has none.
    """
    function, own = _found(text), other if key is None else key
    with within(text):
        # A module is built without memory, where torch is imported by now.
        if "torch" in sys.modules:
            plan = _of_module(function, rules, own, dtype)
            if plan is not None:
                return plan
        made = _called(function)
        if is_module(made):
            plan = _of_module(function, rules, own, dtype)
            if plan is not None:
                return plan
        if rules is not None:
            rule = "must be given with what has no rules of its own, a module or a file of tensors"
            raise must("--rules", rule, Wording(f"what returns {type(made).__name__}"))
        return _of(made, key, dtype, other)


def _of(made: Any, key: Any, dtype: str | None, other: Any) -> Plan:
    if isinstance(made, Plan):
        for name, given in (("--seed or --key", key), ("--dtype", dtype)):
            if given is not None:
                raise must(name, "must not be given with a Plan, which has one", given)
        return made
    if isinstance(made, Mapping):
        spec = spec_of_data(made)
        return spec.plan(other if key is None and spec.key is None else key, dtype)
    if isinstance(made, tuple) and len(made) == 2:
        specs, rules = made
        return plan_tree(specs, rules, key=_checked(other if key is None else key), dtype=dtype)
    raise must_be_type("the function", RETURNS, made)


def _of_module(function: Callable[[], Any], rules: Any, key: Any, dtype: str | None) -> Plan | None:
    """The plan of a function that builds a module; None where it returns something else."""
    from agnostic_init.torch.planned import as_plan

    returned: list[Any] = []

    def make() -> Any:
        returned.append(_called(function))
        return returned[-1]

    try:
        # Of another key than the one that is missing, which is told of where it is a module.
        return as_plan(make, key=0 if key is None else key, rules=rules, dtype=dtype)
    except (ParameterError, ParameterTypeError):
        if returned and not is_module(returned[-1]):
            return None
        raise
    finally:
        if returned and is_module(returned[-1]):
            _checked(key)


def _checked(key: Any) -> Any:
    if key is None:
        raise must("key", "must be given, as nothing is drawn without one", None, "--seed 0")
    return key


def _called(function: Callable[[], Any]) -> Any:
    try:
        return function()
    except (ParameterError, ParameterTypeError, KeyboardInterrupt):
        raise
    except (Exception, SystemExit) as error:
        if type(error).__module__.startswith("agnostic_init."):
            raise
        rule = f"must be one that returns when it is called without arguments ({_told(error)})"
        raise must("the function", rule, function) from error


def _found(text: str) -> Callable[[], Any]:
    name, _, path = text.partition(":")
    with _from_here():
        try:
            place: Any = importlib.import_module(name)
        except (Exception, SystemExit) as error:  # as of a script that ends with sys.exit
            rule = f"must name a module that can be imported here ({_told(error)})"
            raise must("SPEC", rule, text, "a file, or module:function") from error
    for part in path.split("."):
        if not hasattr(place, part):
            close = difflib.get_close_matches(part, dir(place), n=3)
            rule = f"must name a function that {name} has"
            raise must("SPEC", rule, text, ", ".join(close))
        place = getattr(place, part)
    if not callable(place):
        raise must_be_type("SPEC", f"must name a function ({text})", place)
    found: Callable[[], Any] = place
    return found


@contextmanager
def _from_here() -> Iterator[None]:
    """Look for modules in the current folder, as Python does that is given a script of it."""
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        yield
    finally:
        with suppress(ValueError):
            sys.path.remove(here)


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
