"""When compiled code is worth its loading: the decision, apart from the kernels themselves."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import os
from collections.abc import Callable
from typing import Any

from agnostic_init.arrays.errors import MissingExtraError, must
from agnostic_init.draws.record import Draw

__all__ = ["kernel"]

VARIABLE = "AGNOSTIC_INIT_ENGINE"
CHOICES = ("auto", "numpy", "numba")
SMALL = 1 << 13  # below this a call of compiled code is not faster than a few ufuncs
REPAID = 1 << 24  # elements drawn without it, after which loading compiled code has paid

_drawn = 0


def kernel(draw: Draw, size: int) -> Callable[..., None] | None:
    """The compiled kernel for a draw of `size` elements, or None where NumPy's is the better choice.

    Both give the same bits, so the choice is one of time alone. Compiled code takes a second to
    load, and some to compile once for each machine; it is loaded by the draw with which the
    elements drawn so far reach 2^24, about the number that takes NumPy as long.
    """
    global _drawn
    choice = os.environ.get(VARIABLE, "auto")
    if choice not in CHOICES:
        raise must(VARIABLE, f"must be one of {', '.join(CHOICES)}", choice)
    if choice == "numpy":
        return None
    if not _installed():
        if choice == "numba":
            raise MissingExtraError(f"{VARIABLE}=numba", "fast")
        return None
    _drawn += size
    if choice == "auto" and (size < SMALL or (_drawn < REPAID and not _loaded())):
        return None
    module = _module()
    return module.fill if module.supports(draw) else None


@functools.cache
def _installed() -> bool:
    return importlib.util.find_spec("numba") is not None


def _module() -> Any:
    module = importlib.import_module("agnostic_init.draws.engines.numba")
    if not module.ready():
        module.load()
    return module


def _loaded() -> bool:
    import sys

    module = sys.modules.get("agnostic_init.draws.engines.numba")
    return module is not None and bool(module.ready())
