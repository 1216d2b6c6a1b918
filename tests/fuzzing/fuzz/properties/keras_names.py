"""The names of keras.initializers: configurations that come back, and the values of a seed."""

from __future__ import annotations

import inspect
from typing import Any, NamedTuple

from hypothesis import strategies as st

from fuzz import oracle, shapes, strategies
from fuzz.programs import Fault, Program, called, installed

__all__ = ["MISSING", "Case", "cases", "check"]

MISSING = "" if installed("keras") else "keras"
if not MISSING:
    import keras

    from agnostic_init.compat import keras as names

CLASSES = [
    *("RandomNormal", "RandomUniform", "TruncatedNormal", "Orthogonal", "VarianceScaling"),
    *("GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "LecunNormal", "LecunUniform"),
]
PARAMETERS = {
    "distribution": st.sampled_from(["truncated_normal", "untruncated_normal", "uniform"]),
    "maxval": st.sampled_from([0.05, 1.0, 3.0]),
    "minval": st.sampled_from([-0.05, -1.0, 0.0]),
    "mode": st.sampled_from(["fan_in", "fan_out", "fan_avg"]),
    "seed": st.integers(0, 99),
    "gain": st.floats(allow_nan=False),
    "mean": st.floats(-1, 1),
    "scale": st.floats(allow_nan=False),
    "stddev": st.floats(allow_nan=False),
}


class Case(NamedTuple):
    """A class of parameters, called with a shape and a dtype."""

    name: str
    given: dict[str, Any]
    shape: tuple[int, ...]
    dtype: str

    def program(self, *, by_config: bool = False) -> Program:
        """The call; of the initializer itself or of the one that its configuration makes."""
        made = f"init = {called(f'ck.{self.name}', **self.given)}"
        call = f"keras.ops.convert_to_numpy(init({self.shape!r}, dtype={self.dtype!r}))"
        again = ("init = ck.deserialize(ck.serialize(init))",) if by_config else ()
        return Program((made, *again, call))

    def __str__(self) -> str:
        return str(self.program())


@st.composite
def cases(draw: Any) -> Case:
    """Parameters that make sense, and others; always a seed."""
    name = draw(st.sampled_from(CLASSES))
    given = {"seed": draw(PARAMETERS["seed"])}
    for each in inspect.signature(getattr(names, name).__init__.__wrapped__).parameters.values():
        known = each.name in ("self", "seed", "input_axes", "output_axes", "kwargs")
        if not known and draw(st.booleans()):
            sensible = strategies.parameter(each.name, each.default, PARAMETERS)
            given[each.name] = draw(sensible)
    dtype = draw(st.sampled_from(["float32", "float16", "bfloat16", "float64"]))
    return Case(name, given, draw(shapes.shapes(100)), dtype)


def check(case: Case) -> None:
    """The values are finite, and those of the configuration."""
    try:
        got = case.program().outcome(warns=True)
    except (TypeError, ValueError) as error:
        if "/keras/" not in _origin(error):  # Keras's own checks are in its own words
            raise
        return
    if not got.refused:
        again = case.program(by_config=True).outcome(warns=True)
        oracle.check_equal(again.value, got.value)
        oracle.check_close(got.value, got.value, 0)
        short = case.dtype == "float64" and keras.backend.backend() == "jax"
        if got.value.dtype != case.dtype and not short:
            raise Fault(f"the dtype is {got.value.dtype}")


def _origin(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else trace.tb_frame.f_code.co_filename
