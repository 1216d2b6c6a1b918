"""Any parameters are refused in words or make an initializer, which is a value and does what it says."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

import agnostic_init as ai
from agnostic_init.arrays.dtypes import DTYPES
from agnostic_init.initializers.base import Initializer
from fuzz import shapes, strategies
from fuzz.programs import Code, Fault, Program, called

__all__ = ["Case", "cases", "check"]

NAMES = {name: getattr(ai, name) for name in ai.__all__} | {
    "nan": float("nan"),
    "inf": float("inf"),
}


class Case(NamedTuple):
    """An initializer, of any parameters, and what is asked of it."""

    init: Code
    shape: Any
    dtype: Any

    def __str__(self) -> str:
        return str(
            Program((f"init = {self.init}", f"init({self.shape!r}, key=0, dtype={self.dtype!r})"))
        )


@st.composite
def cases(draw: Any) -> Case:
    """Calls, now and then of a shape or dtype that is none."""
    init = draw(strategies.initializers(sense=False))
    if draw(strategies.rarely):
        init = called(
            "ai.get", draw(st.one_of(strategies.anything, st.just(Code(f"{init}.to_dict()"))))
        )
    shape: Any = draw(shapes.shapes(64))
    dtype: Any = draw(strategies.dtypes())
    if draw(strategies.rarely):
        shape = draw(strategies.anything)
    if draw(strategies.rarely):
        dtype = draw(strategies.anything)
    return Case(init, shape, dtype)


def check(case: Case) -> None:
    """What is made is whole; what is refused is refused before anything is made."""
    outcome = Program((case.init,)).outcome()
    if outcome.refused:
        return
    init = outcome.value
    if not isinstance(init, Initializer):
        raise Fault(f"made {init!r}, which is no initializer")
    _check_value(init)
    told = Program((f"{case.init}.describe({case.shape!r}, dtype={case.dtype!r})",)).outcome()
    # A shape that is an integer may be one of any size.
    if not told.refused and told.value.elements > 1 << 16:
        return
    made = Program((f"{case.init}({case.shape!r}, key=0, dtype={case.dtype!r})",)).outcome()
    if case.dtype is not None and told.refused != made.refused:
        raise Fault(f"describe: {told}; the call: {made}")
    if made.refused:
        return
    str(told.value)
    array = made.value
    if "constant(" not in repr(init) and DTYPES[array.dtype.name].precision:
        wide = np.complex128 if array.dtype.name.startswith("complex") else np.float64
        numbers = array.astype(wide)
        if not np.isfinite(numbers).all():
            raise Fault(f"not finite: {array}")
        low, high = told.value.low, told.value.high
        most = DTYPES[array.dtype.name].max
        if type(init).__name__ == "uniform" and low is not None and max(-low, high) > most:
            raise Fault(f"{array.dtype} cannot hold {told.value}")
        slack = 1e-6 + 2.0 ** (1 - DTYPES[array.dtype.name].precision)
        exact = type(init).__name__ in ("uniform", "truncated_normal")
        for bound, sign in ((low, -1), (high, 1)):
            if bound is None or wide is np.complex128 or not numbers.size:
                continue
            most = float((sign * numbers).max())
            if most > sign * bound + (
                0 if exact and abs(bound) > 1e-30 else slack * abs(bound) + 1e-30
            ):
                raise Fault(f"{sign * most} is beyond {told.value}")


def _check_value(init: Initializer) -> None:
    """It can be written and read, copied and compared."""
    ways = {
        "repr": lambda: eval(repr(init), NAMES, {"array": np.array}),
        "dictionary": lambda: Initializer.from_dict(
            json.loads(json.dumps(init.to_dict(), allow_nan=False))
        ),
        "own dictionary": lambda: type(init).from_dict(init.to_dict()),
        "get": lambda: ai.get(init.to_dict()),
        "pickle": lambda: pickle.loads(pickle.dumps(init)),
        "copy": lambda: copy.copy(init),
        "deepcopy": lambda: copy.deepcopy(init),
    }
    for name, way in ways.items():
        if name == "repr" and ("..." in repr(init) or "<array" in repr(init)):
            continue
        again = way()
        if again != init or hash(again) != hash(init) or repr(again) != repr(init):
            raise Fault(f"by {name} {init!r} is {again!r}")
