"""Whatever a call is given for its shape, key, library, dtype, device and block, an error is ours."""

from __future__ import annotations

from typing import Any, NamedTuple

from hypothesis import strategies as st

from fuzz import oracle, shapes, strategies
from fuzz.libraries import LIBRARIES, Library
from fuzz.programs import Code, Fault, Program, called

__all__ = ["Case", "cases", "check"]

INITIALIZERS = ["normal()", "zeros()", "orthogonal()", "he_normal('torch')", "sparse(0.5)"]


def _code(*texts: str) -> st.SearchStrategy[Any]:
    return st.sampled_from([Code(text) for text in texts])


keys = st.one_of(
    strategies.keys(),
    _code(
        *(
            "np.random.default_rng(0)",
            "np.random.RandomState(0)",
            "np.random.PCG64(0)",
            "np.int64(3)",
        ),
        *(
            "np.random.SeedSequence(1)",
            "np.uint64(2**64 - 1)",
            "np.array(7)",
            "ai.key('a').split(2)",
        ),
    ),
)
dtypes = st.one_of(
    strategies.dtypes(),
    _code(
        *("np.float32", "np.dtype('>f4')", "float", "complex", "np.dtype('f8')", "int", "bool"),
        *("ml_dtypes.bfloat16", "np.dtype('U3')", "np.dtype('M8[s]')", "np.dtype([('a', 'f4')])"),
    ),
    st.sampled_from(["f4", "double", "BF16", "fp8", "float", "<f4", "torch.float32", "F32"]),
)
devices = st.one_of(
    st.none(), st.sampled_from(["cpu", "cuda", "cpu:0", "meta", "", "CPU_DEVICE", "device1"])
)
likes = _code(
    *(
        "np.zeros((2, 3), np.float16)",
        "np.float32(1)",
        "np.zeros(3, '>f4')",
        "[1.0]",
        "np.zeros(2, 'U2')",
    ),
    *("np.ma.zeros(3)", "np.zeros(2, bool)", "np.zeros(3).view(np.recarray)"),
)
namespaces = _code(
    "np", "'numpy'", "'foo'", "ai", "object()", "'torch'", "np.linalg", "np.zeros(2)"
)
blocks = st.one_of(
    st.sampled_from([0, -1, slice(None, None, -1), (), ..., (0, 0), (..., ...), slice(0, 1, 0)]),
    st.sampled_from([True, 1.0, None, [0], slice(None, 1.5), "0", (slice(None), None), 10**30]),
    _code(
        "np.int64(0)",
        "np.array(1)",
        "np.array([0, 1])",
        "np.array([True, False])",
        "(np.uint8(1),)",
    ),
)
sizes = st.one_of(
    shapes.shapes(64),
    st.sampled_from([3, [2, 3], (2, -1), (True, 2), 2.0, None, "3", (2, "3"), (2**70,), {2}, b"2"]),
    _code(
        "np.array([2, 3])",
        "np.int64(3)",
        "np.array(2)",
        "np.array([2.0])",
        "range(1, 4)",
        "iter([2])",
    ),
)


class Case(NamedTuple):
    """A call and the arguments that it has."""

    init: str
    shape: Any
    given: dict[str, Any]
    before: tuple[str, ...]

    def program(self) -> Program:
        """The call."""
        return Program((*self.before, called(f"ai.{self.init}", self.shape, **self.given)))

    def __str__(self) -> str:
        return str(self.program())


@st.composite
def cases(draw: Any) -> Case:
    """Each argument as it should be, nearly so, or anything."""
    strange = {
        "key": keys,
        "dtype": dtypes,
        "device": devices,
        "like": likes,
        "index": blocks,
        "xp": namespaces,
    }
    given = {"key": draw(st.one_of(st.just(0), keys))}
    for name, strategy in strange.items():
        if draw(st.integers(0, 3)) == 0:
            given[name] = draw(strategies.anything if draw(strategies.rarely) else strategy)
    library: Library = draw(st.sampled_from(LIBRARIES))
    if "xp" not in given and "like" not in given:
        given["xp"] = Code(library.xp)
    return Case(draw(st.sampled_from(INITIALIZERS)), draw(sizes), given, library.before)


def check(case: Case) -> None:
    """Refused in words, or an array of as many elements as NumPy would index."""
    got = case.program().outcome()
    if got.refused:
        if not str(got.error).startswith("`") and "needs" not in str(got.error):
            raise Fault(f"no parameter is named: {got.error!r}")
        return
    if not hasattr(got.value, "shape"):
        raise Fault(f"made {got.value!r}")
    if str(getattr(got.value, "device", "")) != "meta":
        oracle.bytes_of(got.value)
