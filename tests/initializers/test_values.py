"""Initializers are values: equal, hashable, readable, and back from a dictionary."""

from __future__ import annotations

import enum
import importlib.util
import json
import math
import pickle
import tomllib
from pathlib import Path

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.draws.quantile import modulus_std
from agnostic_init.initializers.registry import names

spec = importlib.util.spec_from_file_location(
    "make_golden", Path(__file__).parents[1] / "data" / "make_golden.py"
)
make_golden = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make_golden)

VALUES = [
    ai.zeros(),
    ai.ones(),
    ai.constant(0.5),
    ai.constant([[1.0, 2.0], [3.0, 4.0]]),
    ai.constant(1 + 2j),
    ai.uniform(-0.1, 0.1),
    ai.normal(std=0.02),
    ai.normal(1j, 2.0),
    ai.truncated_normal(std=0.02, lower=-math.inf, upper=3.0, bounds="absolute"),
    ai.variance_scaling(2.0, "fan_avg", "uniform", layout="b (3 o) i"),
    ai.he_normal("keras"),
    ai.kaiming_uniform(a=math.sqrt(5.0), groups=4),
    ai.lecun_normal(fan=(3, 4)),
    ai.torch_default(),
    ai.uniform_unit_scaling(1.43, "keras"),
]


def evaluated(init):
    """What the text of an initializer is, as code that has this package's names and no others."""
    return eval(repr(init), vars(ai.scales) | {name: getattr(ai, name) for name in ai.__all__})


@pytest.mark.parametrize("init", VALUES, ids=repr)
def test_a_value(init):
    data = init.to_dict()
    for copy in (
        ai.get(json.loads(json.dumps(data, allow_nan=False))),
        type(init).from_dict(data),
        pickle.loads(pickle.dumps(init)),
        evaluated(init),
        ai.get(init),
    ):
        assert copy == init
        assert hash(copy) == hash(init)
        assert repr(copy) == repr(init)
    assert init != ai.normal(std=123.0)
    with pytest.raises(AttributeError):
        init.std = 3.0


@pytest.mark.parametrize("name", names())
def test_the_text_of_every_initializer_is_code(name):
    cases = {**make_golden.CASES, **{each: given for each, (given, _) in make_golden.WHOLE.items()}}
    init = ai.get({"name": name, **cases[name]})
    assert evaluated(init) == init
    assert repr(evaluated(init)) == repr(init)


@pytest.mark.parametrize(
    "init",
    [
        ai.class_prior([0.5, 0.25, 0.125, 0.0625, 0.0625], "softmax"),
        ai.constant([math.nan, math.inf, -math.inf]),
        ai.constant(math.nan),
        ai.constant([complex(1, math.inf), 0]),
        ai.constant([2**53 + 1]),
        ai.constant(np.arange(1000.0)),
        ai.truncated_normal(lower=-math.inf, upper=1.0, bounds="absolute"),
        ai.blocks([ai.constant(math.inf)]),
    ],
    ids=lambda init: repr(init)[:40],
)
def test_the_text_of_arrays_and_of_what_is_no_number_is_code(init):
    assert evaluated(init) == init


def test_the_text_of_a_large_array_says_that_it_is_no_code():
    init = ai.constant(np.arange(1001.0))
    assert repr(init) == "constant(value=<array of shape (1001,), float64>)"
    table = str(ai.plan_tree({"w": (1000,)}, {"*": ai.constant(np.arange(1000.0))}, key=0))
    assert max(map(len, table.splitlines())) < 250


def test_a_dictionary_fits_into_toml():
    text = 'init = {name = "truncated_normal", std = 0.02, upper = inf, lower = -2}'
    assert ai.get(tomllib.loads(text)["init"]) == ai.truncated_normal(std=0.02, upper=math.inf)


def test_numbers_of_array_libraries_are_those_of_python(backend, xp):
    number = xp.asarray(0.5, dtype=xp.float32)
    assert ai.normal(number, number) == ai.normal(0.5, 0.5)
    assert type(ai.normal(number).mean) is float
    assert ai.normal(np.complex64(1 + 2j)) == ai.normal(1 + 2j)
    with pytest.raises(TypeError, match="`std` must be a real number"):
        ai.normal(std=xp.asarray(True))


def test_names_are_conventions():
    assert ai.xavier_uniform() == ai.variance_scaling(1.0, "fan_avg", "uniform", layout="torch")
    assert ai.glorot_uniform() == ai.variance_scaling(1.0, "fan_avg", "uniform")
    assert ai.he_normal() == ai.variance_scaling(2.0, "fan_in", "truncated_normal")
    assert ai.lecun_uniform() == ai.variance_scaling(1.0, "fan_in", "uniform")
    assert ai.kaiming_normal(nonlinearity="linear") == ai.variance_scaling(
        1.0, "fan_in", "normal", layout="torch"
    )


@pytest.mark.parametrize("name", ["elu", "celu", "relu", "gelu", "selu", "tanh", "linear"])
@pytest.mark.parametrize("init", [ai.kaiming_normal, ai.kaiming_uniform])
def test_the_slope_is_the_one_of_leaky_relu_alone(init, name):
    scale = (
        2.0 if name == "relu" else ai.gain(name) ** 2
    )  # and not a root's square, which has an end
    assert init(nonlinearity=name).scale == scale
    assert init(0, "fan_out", name).scale == scale
    with pytest.raises(ValueError, match='`a` must be 0 unless `nonlinearity` is "leaky_relu"'):
        init(0.3, nonlinearity=name)
    assert init(nonlinearity="leaky_relu").scale == init().scale == 2.0
    assert init(0.3).scale == 2 / 1.09 == pytest.approx(ai.gain("leaky_relu", 0.3) ** 2)


@pytest.mark.parametrize(
    ("ours", "theirs", "shape"),
    [
        (ai.xavier_uniform(gain=2.0), lambda t, w: t.xavier_uniform_(w, 2.0), (64, 32)),
        (ai.xavier_normal(), lambda t, w: t.xavier_normal_(w), (64, 32, 3, 3)),
        (ai.kaiming_uniform(a=5**0.5), lambda t, w: t.kaiming_uniform_(w, 5**0.5), (64, 32)),
        (
            ai.kaiming_normal(mode="fan_out", nonlinearity="relu"),
            lambda t, w: t.kaiming_normal_(w, mode="fan_out", nonlinearity="relu"),
            (64, 16, 3, 3),
        ),
        (ai.torch_default(), lambda t, w: t.kaiming_uniform_(w, 5**0.5), (64, 16, 3)),
    ],
    ids=["xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal", "default"],
)
def test_the_statistics_are_torchs(ours, theirs, shape):
    torch = pytest.importorskip("torch")
    generator = torch.Generator().manual_seed(0)
    reference = torch.empty(shape)
    with torch.random.fork_rng():
        torch.random.set_rng_state(generator.get_state())
        theirs(torch.nn.init, reference)
    weights = ours(shape, key=0)
    # 5.5 standard errors of the std of the fewest elements here
    assert math.isclose(weights.std(), float(reference.std()), rel_tol=5.5 / math.sqrt(2048))
    description = ours.describe(shape)
    assert math.isclose(description.std, weights.std(), rel_tol=5.5 / math.sqrt(4096))
    fans = torch.nn.init._calculate_fan_in_and_fan_out(reference)
    assert (description.fan_in, description.fan_out) == fans
    if description.high is not None:
        assert description.low <= weights.min()
        assert weights.max() < description.high
        assert float(reference.abs().max()) <= description.high * (1 + 1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64"])
@pytest.mark.parametrize("distribution", ["normal", "truncated_normal", "uniform"])
@pytest.mark.parametrize("mode", ["fan_in", "fan_out", "fan_avg", "fan_geo_avg"])
def test_the_variance(distribution, mode, dtype):
    init = ai.variance_scaling(3.0, mode, distribution, layout="torch")
    shape = (400, 100)
    n = {"fan_in": 100, "fan_out": 400, "fan_avg": 250, "fan_geo_avg": 200}[mode]
    w = init(shape, key=7, dtype=dtype)
    assert w.dtype == dtype
    # the relative standard error of a variance of 40000 is at most sqrt(2 / 40000) = 0.7 %
    assert math.isclose(np.mean(np.abs(w) ** 2), 3.0 / n, rel_tol=0.04)


@pytest.mark.parametrize("init", [ai.zeros(), ai.constant(2.0), ai.he_normal("torch")], ids=repr)
def test_nothing_of_no_size(init):
    assert init((0, 4), key=0).shape == (0, 4)
    assert init.fill(np.empty((3, 0), np.float32), key=0).shape == (3, 0)
    assert init.describe((0, 4)).bytes == 0


def test_constants(backend, xp):
    for value in (0.5, [1.0, 2.0, 3.0], [[1.0], [2.0]]):
        made = ai.constant(value)((2, 3), xp=xp)
        assert np.array_equal(backend.to_numpy(made), np.broadcast_to(value, (2, 3)))
        part = ai.constant(value)((2, 3), xp=xp, index=(slice(1, 2), slice(None, None, 2)))
        assert np.array_equal(backend.to_numpy(part), np.broadcast_to(value, (2, 3))[1:2, ::2])
    assert backend.to_numpy(ai.zeros()((2,), xp=xp)).dtype == np.float32
    assert np.isnan(backend.to_numpy(ai.constant(math.nan)((2,), xp=xp))).all()


def test_fill(backend, xp):
    out = ai.zeros()((6, 4), xp=xp)
    if backend.name in ("jax", "dask"):
        with pytest.raises(TypeError, match="`out` must be an array that can be written"):
            ai.normal().fill(out, key=0)
        return
    assert ai.normal(std=2.0).fill(out, key=0) is out
    assert np.array_equal(backend.to_numpy(out), ai.normal(std=2.0)((6, 4), key=0))
    ai.normal().fill(out, key=0, global_shape=(12, 8), index=(slice(6, 12), slice(1, 5)))
    assert np.array_equal(backend.to_numpy(out), ai.normal()((12, 8), key=0)[6:12, 1:5])


def test_like(backend, xp):
    like = ai.zeros()((3,), xp=xp)
    made = ai.normal()((4, 2), key=0, like=like)
    assert type(made) is type(like)
    assert np.array_equal(backend.to_numpy(made), ai.normal()((4, 2), key=0))


def test_fans_are_of_the_global_shape():
    init = ai.he_normal("torch")
    whole = init((64, 256), key=0)
    assert np.array_equal(init((64, 256), key=0, index=(slice(None), slice(0, 32))), whole[:, :32])


def test_descriptions_read_well():
    text = str(ai.he_normal("torch").describe((512, 256)))
    assert "fan_in 256" in text
    assert "131,072 elements, 524,288 bytes" in text
    assert ai.normal().describe((10, 10), "bfloat16").bytes == 200
    assert ai.zeros().describe((2**20, 2**20)).bytes == 2**42


@pytest.mark.parametrize("init", [ai.he_normal(), ai.xavier_uniform(), ai.torch_default("b o i")])
@pytest.mark.parametrize(
    "shape", [(), (0,), (3,), (0, 5), (4, 0), (0, 4, 5), (2, 0, 0, 3)], ids=str
)
def test_a_shape_is_refused_by_all_or_by_none(init, shape):
    # Without elements too: the placeholder of a parameter that lies elsewhere has the shape (0,).
    ways = (
        lambda: init(shape, key=0),
        lambda: init.fill(np.empty(shape, np.float32), key=0),
        lambda: init.describe(shape),
        lambda: ai.init_tree({"w": shape}, {"w": init}, key=0),
    )
    said = []
    for way in ways:
        try:
            way()
            said.append(None)
        except ai.ParameterError as error:
            said.append(str(error).splitlines()[0].split("`", 1)[1])
    assert said == said[:1] * len(ways)
    assert (said[0] is None) == (len(shape) == 3 if init.layout == "b o i" else len(shape) > 1)


def test_of_a_complex_truncated_normal_the_variance_is_exact():
    # The std of its parent, by the one function that knows the modulus of a truncated one.
    draw = ai.he_normal("torch").draw((2, 2), "complex128")
    assert draw.scale == 1.0 / modulus_std(2.0)


class Mode(str, enum.Enum):  # noqa: UP042 - of Python 3.11 too, and not StrEnum's own text
    FAN_OUT = "fan_out"


@pytest.mark.parametrize("text", [np.str_("fan_out"), Mode.FAN_OUT], ids=["NumPy", "enum"])
def test_text_of_a_subclass_is_written_as_text(text):
    init = ai.variance_scaling(mode=text)
    assert repr(init) == repr(ai.variance_scaling(mode="fan_out"))
    assert init == ai.variance_scaling(mode="fan_out")
    assert type(init.to_dict()["mode"]) is str
    assert ai.get(init.to_dict()) == init
