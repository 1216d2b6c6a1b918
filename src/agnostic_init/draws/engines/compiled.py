"""When compiled code is worth its loading: the decision, apart from the kernels themselves."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import os
import sys
import warnings
from collections.abc import Callable
from typing import Any

from agnostic_init.arrays.errors import MissingExtraError, must
from agnostic_init.draws.record import Draw

__all__ = ["kernel", "loaded"]

VARIABLE = "AGNOSTIC_INIT_ENGINE"
CHOICES = ("auto", "numpy", "numba")
MODULE = "agnostic_init.draws.engines.numba"
CALL = 1 << 14  # elements that take as long as a call of NumPy's kernel does beside its elements
REPAID = 1 << 26  # elements drawn without it, after which loading compiled code has paid


class _Tally:
    """Elements drawn so far by draws that compiled code could have made."""

    drawn = 0


def kernel(draw: Draw, size: int) -> Callable[..., None] | None:
    """The compiled kernel for a draw of `size` elements, or None where NumPy's is the better choice.

    Both give the same bits, so the choice is one of time alone. Compiled code takes half a second
    to load (and seven, once, to compile for a machine), so it is loaded when the elements drawn
    without it have taken about as long: a small job never waits for a compiler.
    """
    choice = os.environ.get(VARIABLE, "auto")
    if choice not in CHOICES:
        raise must(VARIABLE, f"must be one of {', '.join(CHOICES)}", choice)
    if choice == "numpy":
        return None
    if choice == "numba":
        if not _installed():
            what = f"{VARIABLE}=numba"
            raise MissingExtraError(what, "fast")
    elif not _installed() or not _worth_loading(size):
        return None
    module = _module()
    return module.fill if module is not None and module.supports(draw) else None


def loaded() -> bool:
    """Whether compiled code is in use, for which short runs of positions cost no more than long."""
    module = sys.modules.get(MODULE)
    return module is not None and module.ready() and os.environ.get(VARIABLE) != "numpy"


def _worth_loading(size: int) -> bool:
    if loaded():
        return True
    _Tally.drawn += size + CALL
    return _Tally.drawn >= REPAID


@functools.cache
def _installed() -> bool:
    return importlib.util.find_spec("numba") is not None


@functools.cache
def _module() -> Any:
    """The kernels, loaded; None if numba is there and does not work."""
    try:
        module = importlib.import_module(MODULE)
        module.load()
    except ImportError as error:
        warnings.warn(f"numba cannot be used, NumPy is: {error}", RuntimeWarning, stacklevel=2)
        return None
    return module
