"""The names of torch.nn.init: torch's tensors get what NumPy's arrays get, or both are refused."""

from __future__ import annotations

import inspect
from typing import Any, NamedTuple

from hypothesis import strategies as st

from agnostic_init.compat import torch_init
from fuzz import oracle, shapes, strategies
from fuzz.programs import Code, Fault, Program, called, installed

__all__ = ["MISSING", "Case", "cases", "check"]

MISSING = "" if installed("torch") else "torch"

FUNCTIONS = [
    name
    for name in torch_init.__all__
    if next(iter(inspect.signature(getattr(torch_init, name)).parameters), "") == "tensor"
]
DTYPES = ["float32", "float64", "float16", "complex64", "int32", "bool", "uint8"]
#: What torch has, and what it has where the name alone does not say it.
PARAMETERS = {
    "groups": st.integers(1, 3),
    "mode": st.sampled_from(["fan_in", "fan_out"]),
    "nonlinearity": st.sampled_from(["leaky_relu", "relu", "tanh", "linear", "conv2d", "selu"]),
    "val": st.one_of(st.integers(0, 100), st.floats(0, 100)),
}
WHOLE = ("orthogonal", "sparse")


class Case(NamedTuple):
    """A call with a tensor of a dtype and a shape, as it is or transposed."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    turned: bool
    given: dict[str, Any]

    def program(self, library: str) -> Program:
        """The call with an array of a library."""
        if self.turned and self.shape:
            made = f"{library}.zeros({self.shape[::-1]!r}, dtype={library}.{self.dtype}).T"
            made = (
                made.replace(").T", f").permute({tuple(range(len(self.shape)))[::-1]!r})")
                if (library == "torch")
                else made
            )
        else:
            made = f"{library}.zeros({self.shape!r}, dtype={library}.{self.dtype})"
        return Program((called(f"ti.{self.name}", Code(made), **self.given),))

    def __str__(self) -> str:
        return str(self.program("torch"))


@st.composite
def cases(draw: Any) -> Case:
    """Parameters that make sense, and others."""
    name = draw(st.sampled_from(FUNCTIONS))
    given: dict[str, Any] = {"generator": draw(st.integers(0, 99))}
    for each in inspect.signature(getattr(torch_init, name)).parameters.values():
        needed = each.default is inspect.Parameter.empty
        if each.name in ("tensor", "generator") or not (needed or draw(st.booleans())):
            continue
        sensible = strategies.parameter(each.name, each.default, PARAMETERS)
        strange = each.name != "val" and draw(
            strategies.rarely
        )  # torch itself takes a value or not
        given[each.name] = draw(strategies.anything if strange else sensible)
    if "generator" not in inspect.signature(getattr(torch_init, name)).parameters:
        del given["generator"]
    dtype = draw(st.sampled_from(["float32"] * 6 + DTYPES))
    return Case(name, draw(shapes.shapes(100)), dtype, draw(st.booleans()), given)


def check(case: Case) -> None:
    """The tensor has the bytes of the array."""
    got = case.program("torch").outcome(warns=True)
    want = case.program("np").outcome(warns=True)
    if got.refused or want.refused:
        if type(got.error) is not type(want.error):
            raise Fault(f"torch: {got}; NumPy: {want}")
    elif case.name.rstrip("_") in WHOLE:
        oracle.check_close(got.value, want.value, 64)
    else:
        oracle.check_equal(got.value, want.value)
