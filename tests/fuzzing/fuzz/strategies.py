"""Random parameters, keys and initializers, as what can be written in a program."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from hypothesis import strategies as st

from agnostic_init.arrays.dtypes import FORMATS
from agnostic_init.initializers.registry import factory_of, names
from fuzz.programs import Code, called

__all__ = [
    "FLOATS",
    "anything",
    "dtypes",
    "initializers",
    "keys",
    "often",
    "parameter",
    "rarely",
    "reals",
]

FLOATS = sorted(FORMATS)
OTHERS = ["int8", "uint8", "int32", "int64", "uint64", "bool", "uint16", "float8_e8m0fnu"]
CHUNKS = [4096, 8192, 16384, 32768, 65536, 131072, 262144]  # of engines, somewhere

often = st.integers(0, 9).map(lambda n: n > 0)
rarely = st.integers(0, 19).map(lambda n: n == 19)


def _code(*texts: str) -> st.SearchStrategy[Any]:
    return st.sampled_from([Code(text) for text in texts])


nice = st.sampled_from([0.02, 0.5, 1.0, 2.0, 0.1, 3.0, 1e-3, 1])
extreme = st.sampled_from(
    [
        *(0.0, -0.0, 5e-324, 1e-310, 1e-45, 1.4e-45, 2.0**-126, 6e-8, 448.0, 65504.0, 7e4, 3.4e38),
        *(3.5e38, 1e300, 1.7e308, -1.0, -1e-40, 2**53 + 1, 2**63, 2**64, 10**30, 1 + 2**-24),
    ]
)
scalars = _code(
    *("np.float32(0.1)", "np.float64(0.5)", "np.int8(-3)", "np.float16(65504)", "np.array(0.25)"),
    *("fractions.Fraction(1, 3)", "decimal.Decimal('0.1')", "np.uint64(2**64 - 1)"),
    *("np.longdouble('0.1')", "ml_dtypes.bfloat16(0.1)"),
)
reals = st.one_of(nice, nice, nice, st.floats(0, 4), extreme, st.floats(allow_nan=False), scalars)

#: Whatever a caller may write by mistake.
anything = st.one_of(
    reals,
    st.sampled_from([None, True, False, 0, -1, 2**70, "", "1", "relu", "torch", "fan_in"]),
    st.sampled_from([float("inf"), -float("inf"), float("nan"), 1j, b"1", (), [], (1,), [1, 2]]),
    st.sampled_from([{}, {"name": "zeros"}, "\ud800", "o i", complex(float("nan"), 0)]),
    _code(
        *("10**400", "-10**5000", "np.array([1.0])", "np.array([1.0, nan])", "np.bool_(True)"),
        *(
            "np.float32(nan)",
            "np.float64(inf)",
            "np.array('x')",
            "np.array(None)",
            "np.complex64(1j)",
        ),
        *("object()", "int", "len", "slice(3)", "...", "ai.zeros", "ai.zeros()", "range(3)", "{1}"),
        *(
            "(lambda z: z)",
            "np.datetime64('2020')",
            "np.array([])",
            "np.str_('torch')",
            "memoryview(b'12')",
        ),
    ),
    st.text(max_size=4),
    st.lists(st.one_of(st.integers(-2, 9), st.floats()), max_size=3),
)

layouts = st.one_of(
    st.sampled_from(["torch", "keras", "mlx", "torch_transposed", "o i", "i o", "b o i"]),
    st.sampled_from(["(3 o) i", "(g o) i *k", "o i k", "*k i o", "o", "i", "b b o i", "(2 i) o"]),
    st.lists(
        st.sampled_from(["o", "i", "b", "k", "*k", "(2 o)", "(g o)", "(g i)", "(b o)", "(3 i)"]),
        min_size=1,
        max_size=5,
    ).map(" ".join),
)
values = st.one_of(
    reals,
    st.sampled_from([float("nan"), float("inf"), 1j, 2 - 3j, True, [1.0, 2.0], [[1], [2]], 0]),
    st.integers(-(2**64), 2**64),
    _code(
        *("np.arange(3)", "np.array([[1.5], [2.5]])", "np.array([1, 2**63], np.uint64)"),
        *("np.array([nan, 1.0])", "np.ones((2, 1, 3), np.float32)", "np.array([1j])"),
        *("np.array([True, False])", "np.array([-0.0, 0.0])"),
    ),
)
activations = st.one_of(
    st.sampled_from(["leaky_relu", "relu", "tanh", "linear", "selu", "gelu", "silu", "elu"]),
    st.just(Code("(lambda z: np.maximum(z, 0.0))")),
)

scales = st.one_of(
    st.sampled_from(["spectral", "spectral_norm", "lora", "gpt2_residual", "mup_init"]),
    st.fixed_dictionaries(
        {"name": st.sampled_from(["by_depth", "layer_scale", "spectral", "t_fixup"])},
        optional={
            "layer": st.integers(-1, 40),
            "depth": st.integers(0, 40),
            "fan_in": st.integers(0, 2**65),
            "part": st.sampled_from(["encoder", "both"]),
            "layers": st.integers(0, 12),
        },
    ),
)

#: What most often makes sense, by the name of a parameter. One that is not here has what its
#: default is like, so that a new initializer takes part.
PARAMETERS: dict[str, st.SearchStrategy[Any]] = {
    "a": st.one_of(st.just(0.0), reals),
    "activation": st.sampled_from(["softplus", "exp"]),
    "axis": st.integers(-3, 2),
    "base": st.one_of(st.sampled_from([(4, 4), [2, 9], (3, 2, 2), 5]), st.floats(2, 1e6), reals),
    "biases": st.sampled_from([None, 1, 2]),
    "bound": reals,
    "bounds": st.sampled_from(["sigma", "absolute"]),
    "cell": st.sampled_from(["lstm", "gru"]),
    "center": st.sampled_from(["same", "torch"]),
    "dims": st.sampled_from([None, 1, 2, 3]),
    "distribution": st.sampled_from(["normal", "truncated_normal", "uniform"]),
    "factor": st.one_of(st.integers(1, 3), reals, scales),
    "fan": st.one_of(st.none(), st.tuples(st.integers(1, 9), st.integers(1, 2**64))),
    "floor": st.sampled_from([0.0, 1e-4, 0.01]),
    "groups": st.sampled_from([1, 1, 1, 2, 3]),
    "high": st.one_of(st.sampled_from([1.0, 2.0, 1e-3]), reals),
    "kind": st.sampled_from(["lin", "inv", "real"]),
    "layout": layouts,
    "length_scale": reals,
    "longest": st.sampled_from([2.5, 10, 1e3]),
    "low": st.one_of(st.sampled_from([0.0, -1.0, -1e-3]), reals),
    "lower": st.one_of(st.sampled_from([-2.0, 0.0, -float("inf"), 1.0, 30.0, -1e-3]), reals),
    "mask": st.sampled_from([[1, 0], [[True], [False]], 1, [0.0, 1.0], [[1, 0, 1]], [1, 2]]),
    "max_phase": st.sampled_from([6.28, 0.1]),
    "mean": st.one_of(st.just(0.0), reals, st.just(1 + 2j)),
    "measure": st.sampled_from(["legs", "legt"]),
    "mirror": st.sampled_from(["both", "outputs", "inputs"]),
    "mode": st.sampled_from(["fan_in", "fan_out", "fan_avg", "fan_geo_avg"]),
    "nonlinearity": activations,
    "order": st.sampled_from(
        ["torch", "keras", "haiku", "mlx", "ifco", "zrh", "interleaved", "halves"]
    ),
    "pairs": st.sampled_from(["diagonal", "all", "single", "halves", "interleaved"]),
    "part": st.sampled_from(["all", "log_real", "imag", "cos", "sin", "polar", "frequency"]),
    "per": st.sampled_from(["column", "row"]),
    "link": st.sampled_from(["sigmoid", "softmax"]),
    "prior": st.one_of(st.floats(0, 1), st.sampled_from([0.01, [0.5, 0.25, 0.25], (0.1, 0.9)])),
    "r_max": st.sampled_from([1.0, 0.9, 0.999]),
    "r_min": st.sampled_from([0.0, 0.4, 0.9]),
    "rows": st.sampled_from([0, -1, [0, 1], (2,), range(3), 7, []]),
    "shuffle": st.sampled_from(["torch", "tensorflow"]),
    "sizes": st.sampled_from([None, [1, 1], (2, 3), [0, 4], 3, [1, 2, 3]]),
    "sparsity": st.floats(0, 1),
    "special": st.sampled_from([None, {"f": "ones"}, {"z": {"name": "normal"}}]),
    "std_of": st.sampled_from(["parent", "result"]),
    "upper": st.one_of(st.sampled_from([2.0, float("inf"), 3.0, 38.0, 40.0, 1e-3]), reals),
    "value": values,
    "window": st.sampled_from([1.0, 1.0, 2.5]),
}


def parameter(
    name: str, default: Any, table: Mapping[str, st.SearchStrategy[Any]] = MappingProxyType({})
) -> st.SearchStrategy[Any]:
    """What a parameter may sensibly be, by a table of its own before that of all."""
    known = (PARAMETERS | dict(table)).get(name)
    if known is not None:
        return known
    if name == "init":
        return initializers()
    if name == "inits":
        return st.lists(initializers(), min_size=1, max_size=3)
    if isinstance(default, bool):
        return st.booleans()
    if isinstance(default, int):
        return st.integers(-1, 4)
    return reals if isinstance(default, float) else anything


@st.composite
def initializers(draw: Any, sense: bool = True) -> Code:
    """A call of a public initializer, whose parameters make sense or not."""
    name = draw(st.sampled_from(names()))
    given = {}
    for each in inspect.signature(factory_of(name)).parameters.values():
        needed = each.default is inspect.Parameter.empty
        if needed or draw(st.booleans()) or (each.name == "layout" and draw(often)):
            sensible = sense or draw(st.booleans())
            given[each.name] = draw(parameter(each.name, each.default) if sensible else anything)
    return called(f"ai.{name}", **given)


@st.composite
def keys(draw: Any) -> Any:
    """A key: an integer, a name, one that was folded, or one with an offset near its end."""
    kind = draw(st.sampled_from(["integer", "name", "folded", "offset"]))
    number = draw(st.one_of(st.integers(0, 9), st.integers(0, 2**64 - 1), st.just(2**64 - 1)))
    if kind == "integer":
        return number
    if kind == "name":
        return draw(st.text("abc.0é", min_size=1, max_size=8))
    if kind == "folded":
        return Code(f"ai.key({number}).fold_in({draw(st.sampled_from(['w', 3]))!r})")
    offset = draw(st.one_of(st.integers(2**64 - 20, 2**64 - 1), st.integers(2**32 - 9, 2**32)))
    return Code(f"ai.Key({number}, {offset})")


@st.composite
def dtypes(draw: Any) -> str:
    """The name of a dtype, most often one that draws are made of."""
    if draw(rarely):
        return draw(st.sampled_from(OTHERS))
    return draw(st.one_of(st.sampled_from(["float32", "bfloat16"]), st.sampled_from(FLOATS)))
