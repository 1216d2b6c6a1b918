"""The names of jax.nn.initializers: the same under jit, and what NumPy gives for the key."""

from __future__ import annotations

import inspect
from typing import Any, NamedTuple

from hypothesis import strategies as st

from fuzz import oracle, shapes, strategies
from fuzz.programs import Fault, Program, called, installed

__all__ = ["MISSING", "ROUND", "Case", "cases", "check"]

MISSING = "" if installed("jax") else "jax"
if not MISSING:
    from agnostic_init.compat import jax as names
ROUND = 10

FACTORIES = [
    *("constant", "normal", "uniform", "truncated_normal", "variance_scaling", "orthogonal"),
    *("delta_orthogonal", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform"),
    *("lecun_normal", "lecun_uniform"),
]
axes = st.one_of(st.integers(-3, 2), st.just((0, -1)), st.just(()))
PARAMETERS = {
    "batch_axis": st.one_of(st.just(()), axes),
    "column_axis": st.integers(-3, 2),
    "dtype": st.sampled_from([None, "float32", "bfloat16", "float16", "complex64", "float8_e5m2"]),
    "in_axis": axes,
    "out_axis": axes,
    "scale": strategies.reals,
    "stddev": strategies.reals,
}


class Case(NamedTuple):
    """A factory of parameters, called with a key and a shape."""

    name: str
    given: dict[str, Any]
    shape: tuple[int, ...]
    seed: int
    jit: bool

    def program(self, *, jit: bool) -> Program:
        """The call, eagerly or in a program of JAX."""
        call = f"init(jax.random.key({self.seed}), {self.shape!r})"
        if jit:
            call = f"jax.jit(lambda key: init(key, {self.shape!r}))(jax.random.key({self.seed}))"
        return Program((f"init = {called(f'cj.{self.name}', **self.given)}", call))

    def __str__(self) -> str:
        return str(self.program(jit=self.jit))


@st.composite
def cases(draw: Any) -> Case:
    """Parameters that make sense, and others."""
    name = draw(st.sampled_from(FACTORIES))
    given = {}
    for each in inspect.signature(getattr(names, name)).parameters.values():
        needed = each.default is inspect.Parameter.empty
        if needed or draw(st.booleans()):
            sensible = strategies.parameter(each.name, each.default, PARAMETERS)
            given[each.name] = draw(strategies.anything if draw(strategies.rarely) else sensible)
    jit = draw(st.sampled_from([False, False, False, True]))
    return Case(name, given, draw(shapes.shapes(100)), draw(st.integers(0, 9)), jit)


def check(case: Case) -> None:
    """Finite, and the same under jit."""
    got = case.program(jit=False).outcome()
    if case.jit:
        again = case.program(jit=True).outcome()
        if got.refused or again.refused:
            if type(got.error) is not type(again.error):
                raise Fault(f"eagerly: {got}; under jit: {again}")
            return
        if case.name == "constant":
            oracle.check_equal(again.value, got.value)
            return
        oracle.check_close(again.value, got.value, 64 if "orthogonal" in case.name else 4)
    elif not got.refused and case.name != "constant":
        oracle.check_close(got.value, got.value, 0)
