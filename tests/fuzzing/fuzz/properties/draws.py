"""The draws themselves: any parameters, in any library, new or into memory, by the definition."""

from __future__ import annotations

from typing import Any, NamedTuple

from hypothesis import strategies as st

import agnostic_init as ai
from agnostic_init.draws import distributions
from fuzz import oracle, shapes, strategies
from fuzz.libraries import CHOICES, LIBRARIES, Library, of_library
from fuzz.programs import Code, Fault, Program, called

__all__ = ["Case", "cases", "check"]

PARAMETERS = {
    "bits": (),
    "uniform": ("low", "high"),
    "normal": ("mean", "std"),
    "truncated_normal": ("mean", "std", "lower", "upper", "bounds", "std_of"),
}
DEFAULTS = {
    "low": 0.0,
    "high": 1.0,
    "mean": 0.0,
    "std": 1.0,
    "lower": -2.0,
    "upper": 2.0,
    "bounds": "sigma",
    "std_of": "parent",
}


class Case(NamedTuple):
    """A draw in a library."""

    name: str
    given: dict[str, Any]
    shape: tuple[int, ...]
    key: Any
    dtype: str
    index: Any
    library: Library

    def program(self, library: Library) -> Program:
        """The call in a library."""
        off = ("jax.config.update('jax_enable_x64', False)",) if library.name == "jax" else ()
        call = called(
            f"ai.draws.{self.name}",
            self.shape,
            **self.given,
            key=self.key,
            dtype=self.dtype,
            index=self.index,
            xp=Code(library.xp),
        )
        return Program((*off, *library.before, call))

    def __str__(self) -> str:
        return str(self.program(self.library))


@st.composite
def cases(draw: Any) -> Case:
    """Parameters that make sense, and others; blocks of arrays of up to 2^64 elements."""
    name = draw(st.sampled_from(list(PARAMETERS)))
    given = {}
    for each in PARAMETERS[name]:
        if draw(st.booleans()):
            strange = draw(strategies.rarely)
            given[each] = draw(
                strategies.anything if strange else strategies.parameter(each, DEFAULTS[each])
            )
    shape = draw(shapes.shapes(100))
    if draw(strategies.rarely):
        shape = draw(shapes.huge_shapes())
    index = draw(shapes.indices(shape))
    if index is None and any(length > 12 for length in shape):
        index = shapes.corner(shape)
    dtype = draw(strategies.dtypes())
    if name == "bits":
        dtype = draw(st.sampled_from(["uint32", "int64", "float32"]))
    return Case(
        name, given, shape, draw(strategies.keys()), dtype, index, draw(st.sampled_from(CHOICES))
    )


def check(case: Case) -> None:
    """In NumPy by the definition, in others as in NumPy."""
    known = case.program(LIBRARIES[0]).outcome()
    if case.library.name != "numpy":
        got = case.program(case.library).outcome()
        if of_library(got):
            return
        if got.refused or known.refused:
            if type(got.error) is not type(known.error):
                raise Fault(f"NumPy: {known}; {case.library.name}: {got}")
            return
    elif known.refused:
        return
    made = _draw_of(case)
    if case.library.name == "numpy":
        key = ai.key(Program((repr(case.key),)).outcome().value)
        places, shape = oracle.positions(case.shape, case.index)
        oracle.check_equal(known.value, oracle.expected(made, key, places, shape))
    elif oracle.exact(made):
        oracle.check_equal(got.value, known.value)
    else:
        oracle.check_close(got.value, known.value, 4)


def _draw_of(case: Case) -> Any:
    if case.name == "bits":
        return distributions.bits_draw(case.dtype)
    values = Program((f"dict({', '.join(f'{n}={v!r}' for n, v in case.given.items())})",)).outcome()
    all_of = {name: values.value.get(name, DEFAULTS[name]) for name in PARAMETERS[case.name]}
    return getattr(distributions, f"{case.name}_draw")(*all_of.values(), case.dtype)
