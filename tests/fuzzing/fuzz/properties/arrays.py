"""An array, or a block of one, is the same in every library, and what its definition says."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

import agnostic_init as ai
from agnostic_init.initializers.base import draw_of
from fuzz import oracle, shapes, strategies
from fuzz.libraries import CHOICES, LIBRARIES, Library, of_library
from fuzz.programs import Code, Fault, Outcome, Program

__all__ = ["Case", "cases", "check", "is_elementwise"]

TINY = 300  # elements of what is compared one by one
BEFORE_JAX = "jax.config.update('jax_enable_x64', False)"


class Case(NamedTuple):
    """A call of an initializer in a library."""

    init: Code
    shape: tuple[int, ...]
    key: Any
    dtype: str
    index: Any
    library: Library

    def program(self, library: Library) -> Program:
        """The call in a library."""
        of_jax = (BEFORE_JAX,) if library.name == "jax" else ()
        where = f"index={self.index!r}, dtype={self.dtype!r}, xp={library.xp}"
        call = f"{self.init}({self.shape!r}, key={self.key!r}, {where})"
        return Program((*of_jax, *library.before, call))

    def __str__(self) -> str:
        return str(self.program(self.library))


@st.composite
def cases(draw: Any) -> Case:
    """Small arrays, and small blocks of huge ones."""
    init = draw(strategies.initializers())
    shape = draw(shapes.shapes())
    if draw(strategies.rarely) and is_elementwise(init):  # others make the whole array
        shape = draw(shapes.huge_shapes())
    index = draw(shapes.indices(shape))
    if index is None and any(length > 12 for length in shape):
        index = shapes.corner(shape)
    library = draw(st.sampled_from(CHOICES))
    return Case(init, shape, draw(strategies.keys()), draw(strategies.dtypes()), index, library)


def is_elementwise(init: Code) -> bool:
    """Whether a call makes an initializer of which a block can be made alone."""
    try:
        return bool(getattr(Program((init,)).outcome().value, "elementwise", False))
    except Exception:  # noqa: BLE001 - for `check` to find
        return False


def check(case: Case) -> None:
    """The call in NumPy is right, and that in the library is the same, or refused alike."""
    known = case.program(LIBRARIES[0]).outcome()
    _check_by_definition(case, known)
    if case.library.name == "numpy":
        return
    got = case.program(case.library).outcome()
    if of_library(got):
        return
    if known.refused or got.refused:
        if type(known.error) is not type(got.error):
            raise Fault(f"NumPy: {known.error!r}; {case.library.name}: {got.error!r}")
        return
    init = Program((case.init,)).outcome().value
    if oracle.is_exact(init, case.dtype):
        oracle.check_equal(got.value, known.value)
    else:
        oracle.check_close(got.value, known.value, 4 if init.elementwise else 64)


def _check_by_definition(case: Case, known: Outcome) -> None:
    if known.refused:
        return
    made = Program((case.init,)).outcome().value
    places, shape = oracle.positions(case.shape, case.index)
    if tuple(known.value.shape) != shape:
        raise Fault(f"the shape is {known.value.shape}, not {shape}")
    draw = draw_of(made, case.shape, case.dtype)
    if draw is not None:
        if len(places) <= TINY:
            key = ai.key(Program((Code(repr(case.key)),)).outcome().value)
            oracle.check_equal(known.value, oracle.expected(draw, key, places, shape))
    elif case.index is not None and math.prod(case.shape) <= TINY:
        whole = case._replace(index=None).program(LIBRARIES[0]).outcome().value
        oracle.check_equal(known.value, np.asarray(whole[case.index]))
