"""Truncated normals made by hand: uniform numbers, `erfinv_`, a scale, a shift and a clamp.

Timm's function is this, as is torch's before 2.12, and many a model has a copy. In float32 one of
some 10^7 of its numbers is infinite before the clamp: with the usual bounds of 2 and a std of 0.02,
a weight of a hundred sigmas. The function is recognized by its name, its parameters and what it
calls; its first operation is answered with all that it means, and the others with the tensor.
"""

from __future__ import annotations

import inspect
from types import FrameType
from typing import Any

from agnostic_init.compat.torch_init.calls import Call
from agnostic_init.compat.torch_init.elementwise import trunc_normal_of
from agnostic_init.compat.torch_init.writing import number
from agnostic_init.initializers.random import truncated_normal

__all__ = ["Chain"]

PARAMETERS = ("tensor", "mean", "std", "a", "b")
NAME = "trunc_normal"
STEPS = frozenset({"erfinv_", "mul_", "add_", "clamp_"})
ASKED = "__torch_function__"  # the method of a mode, ours or another


class Chain:
    """The operations of one call of such a function, of which the first was just made."""

    def __init__(self, call: Call, frame: FrameType, last: str) -> None:
        self.call = call
        self.done = False
        self._frame = frame
        self._last = last

    @classmethod
    def begun_by(cls, call: Call) -> Chain | None:
        """The chain whose first operation a call of ``tensor.uniform_`` is, or None."""
        inner = _caller()
        if inner is None or not _is_one(inner) or inner.f_locals.get("tensor") is not call.tensor:
            return None
        if "erfinv_" not in inner.f_code.co_names:
            return None
        values = [inner.f_locals[name] for name in PARAMETERS[1:]]
        outer = inner.f_back
        # TensorFlow's: the bounds are of the standard normal, which is scaled and shifted after.
        if outer is not None and _is_one(outer) and {"mul_", "add_"} <= {*outer.f_code.co_names}:
            mean, std, a, b = (number(outer.f_locals[name]) for name in PARAMETERS[1:])
            init: Any = truncated_normal(mean, std, a, b)
            return cls(_replaced(call, init), outer, "add_")
        return cls(_replaced(call, trunc_normal_of(*values)), inner, "clamp_")

    def goes_on(self, function: Any, args: tuple[Any, ...]) -> bool:
        """Whether a call is an operation of this chain, which is to do nothing."""
        name = getattr(function, "__name__", "")
        if name not in STEPS or not args or args[0] is not self.call.tensor:
            return False
        caller = _caller()
        if caller is None or self._frame not in (caller, caller.f_back):
            self.done = True
            return False
        if name == self._last and caller is self._frame:
            self.done = True
        return True


def _replaced(call: Call, init: Any) -> Call:
    return call.replaced(name="trunc_normal_", of_init=True, initializer=init)


def _is_one(frame: FrameType) -> bool:
    code = frame.f_code
    return NAME in code.co_name and code.co_varnames[: len(PARAMETERS)] == PARAMETERS


def _caller() -> FrameType | None:
    """Whoever called an operation that our mode, and perhaps others, were asked about."""
    frame = inspect.currentframe()
    while frame is not None and frame.f_code.co_name != ASKED:
        frame = frame.f_back
    while frame is not None and frame.f_code.co_name == ASKED:
        frame = frame.f_back
    return frame
