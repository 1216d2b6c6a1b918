"""Initializers times a factor: by their parameters, bit by bit, and by the names of scales."""

from __future__ import annotations

import importlib.util
import json
import pickle
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.draws.distributions import normal_draw
from agnostic_init.scales.named import FACTORS

path = Path(__file__).parent.parent / "data" / "make_golden.py"
spec = importlib.util.spec_from_file_location("make_golden", path)
make_golden = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make_golden)
SHAPE = make_golden.SHAPE
ALL = {
    name: ({"name": name, **options}, make_golden.shape_of(name))
    for name, options in make_golden.CASES.items()
} | {
    name: ({"name": name.partition(",")[0], **options}, shape)
    for name, (options, shape) in make_golden.WHOLE.items()
}

NOT_THEIRS = {("strict", "float16"), ("strict", "bfloat16")}


@dataclass(frozen=True, repr=False)
class mine(ai.Initializer):
    """One that says nothing of its parameters."""

    def draw(self, shape: tuple[int, ...], dtype: str) -> Any:
        return normal_draw(0.0, 0.5, dtype)

    def statistics(self, shape: tuple[int, ...], dtype: str) -> dict[str, Any]:
        return {"distribution": "mine", "mean": 0.0, "std": 0.5}


@pytest.mark.parametrize("name", [*ALL, "mine"])
def test_a_half_is_half_of_every_value(name):
    init, shape = (mine(), SHAPE) if name == "mine" else (ai.get(ALL[name][0]), ALL[name][1])
    half, whole = init.times(0.5)(shape, key=1), init(shape, key=1)
    if init.elementwise:
        np.testing.assert_array_equal(half, whole * np.float32(0.5))
    else:
        np.testing.assert_allclose(half, whole * np.float32(0.5), rtol=0, atol=1e-6)
    assert init.times(1.0) is init
    assert init.times(0.5).elementwise == init.elementwise
    assert init.times(0.5).needs_key == init.needs_key
    some = init.times(0.3)(shape, key=1, dtype="float64")
    np.testing.assert_allclose(
        some, init(shape, key=1, dtype="float64") * 0.3, rtol=1e-12, atol=1e-15
    )
    std = init.describe(shape).std
    if std is not None:
        assert init.times(0.3).describe(shape).std == pytest.approx(0.3 * std)


def test_values_are_rounded_once():
    for init, same in (
        (ai.normal(0.1, 0.02), ai.normal(0.1 * 0.3, 0.02 * 0.3)),
        (ai.uniform(-0.1, 0.2), ai.uniform(-0.1 * 0.3, 0.2 * 0.3)),
        (ai.truncated_normal(std=0.02), ai.truncated_normal(std=0.02 * 0.3)),
        (
            ai.truncated_normal(lower=-1.5, upper=1.0, bounds="absolute"),
            ai.truncated_normal(std=0.3, lower=-1.5 * 0.3, upper=0.3, bounds="absolute"),
        ),
        (ai.constant([1, 2]), ai.constant([0.3, 0.6])),
        (ai.constant(1 + 2j), ai.constant(0.3 + 0.6j)),
        (ai.constant(10**30 + 1), ai.constant(1e30 * 0.3)),
        (ai.ones(), ai.constant(0.3)),
        (ai.zeros(), ai.zeros()),
        (ai.orthogonal(gain=2.0), ai.orthogonal(gain=0.6)),
        (ai.sparse(std=0.01), ai.sparse(std=0.003)),
    ):
        assert init.times(0.3) == same
        assert ai.scaled(init, 0.3).times(0.5).init == init.times(0.5)


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16", "complex64"])
def test_what_says_nothing_is_multiplied_as_it_is_made(backend, xp, dtype):
    if backend.name == "jax" and dtype == "float64":
        pytest.skip("JAX has no 64 bits by default")
    if (backend.name, dtype) in NOT_THEIRS:
        pytest.skip("not a dtype of this library")
    backend.needs(dtype)
    init = mine().times(0.3)
    made = backend.to_numpy(init((6, 5), key=1, xp=xp, dtype=dtype))
    wide = dtype if dtype in ("float64", "complex64") else "float32"
    expected = mine()((6, 5), key=1, dtype=wide) * (0.3 if dtype == "float64" else np.float32(0.3))
    tolerance = {"float16": 1e-3, "bfloat16": 8e-3}.get(dtype, 0)
    np.testing.assert_allclose(made, expected, rtol=tolerance)
    part = init((6, 5), key=1, xp=xp, dtype=dtype, index=np.s_[1::2, 3])
    np.testing.assert_array_equal(backend.to_numpy(part), made[1::2, 3])


PARAMETERS = {
    "by_depth": {"layer": 3},
    "deepnorm": {"part": "decoder", "encoder": 4, "decoder": 6},
    "fixup": {"branches": 16, "layers": 3},
    "gpt2_residual": {"layers": 12},
    "layer_scale": {"depth": 24},
    "lora": {},
    "small_init": {"width": 768},
    "spectral": {},
    "spectral_norm": {},
    "t_fixup": {"part": "encoder", "layers": 6},
    "wang": {"width": 768, "layers": 12},
}


@pytest.mark.parametrize("name", FACTORS)
def test_a_scale_by_name(name):
    fans = {} if PARAMETERS[name] else {"fan_in": 64, "fan_out": 16}
    named = {k: v for k, v in fans.items() if k in ai.scales.__dict__[name].__code__.co_varnames}
    factor = getattr(ai.scales, name)(**PARAMETERS[name], **named)
    layout = {} if PARAMETERS[name] else {"layout": "torch"}
    init = ai.scaled(ai.normal(std=0.5), {"name": name, **PARAMETERS[name]}, **layout)
    assert init.describe((16, 64)).std == pytest.approx(0.5 * factor)
    assert np.array_equal(init((16, 64), key=2), ai.normal(std=0.5 * factor)((16, 64), key=2))
    for copy in (
        ai.get(json.loads(json.dumps(init.to_dict()))),
        pickle.loads(pickle.dumps(init)),
        eval(repr(init), vars(ai) | {"normal": ai.normal, "scaled": ai.scaled}),
    ):
        assert copy == init
        assert hash(copy) == hash(init)
    if named:
        given = ai.scaled(ai.normal(std=0.5), {"name": name, **named})
        assert np.array_equal(given((16, 64), key=2), init((16, 64), key=2))


def test_in_rules_and_in_toml():
    text = """
    [[rules]]
    match = "*.proj"
    init = { name = "scaled", init = { name = "normal", std = 0.02 }, factor = { name = "gpt2_residual", layers = 12 } }
    [[rules]]
    match = "*.up"
    init = { name = "mup", init = { name = "normal", std = 0.02 }, base = [16, 16] }
    """
    rules = {each["match"]: each["init"] for each in tomllib.loads(text)["rules"]}
    made = ai.init_tree({"a.proj": (32, 8), "b.up": (64, 64)}, rules, key=0)
    key = ai.key(0)
    proj = ai.normal(std=0.02 / 24**0.5)((32, 8), key=key.fold_in("a.proj"))
    assert np.array_equal(made["a.proj"], proj)
    assert np.array_equal(made["b.up"], ai.normal(std=0.01)((64, 64), key=key.fold_in("b.up")))


def test_many_at_once_and_in_place(backend, xp):
    init = ai.scaled("orthogonal", "spectral_norm", layout="torch")
    whole = init((6, 4), key=3)
    made = backend.to_numpy(init((6, 4), key=3, xp=xp))
    np.testing.assert_allclose(made, whole, atol=1e-6)
    several = ai.init_tree({"a": (6, 4), "b": (6, 4)}, {"*": init}, key=3, xp=xp)
    one = init((6, 4), key=ai.key(3).fold_in("b"))
    np.testing.assert_allclose(backend.to_numpy(several["b"]), one, atol=1e-6)
    if backend.name not in ("jax", "dask"):
        out = init.fill(xp.zeros((6, 4), dtype=xp.float32), key=3)
        np.testing.assert_allclose(backend.to_numpy(out), whole, atol=1e-6)


@pytest.mark.parametrize(
    "init",
    [
        ai.scaled("normal", "spectral", layout="torch"),
        ai.scaled(ai.zero_rows("normal", 0), 0.3),
        ai.mup("kaiming_uniform", base=(3, 2)),
    ],
    ids=repr,
)
@pytest.mark.parametrize("index", [np.s_[2:5], np.s_[::-2, 1], np.s_[0, ::3], np.s_[4:2]], ids=str)
def test_a_block_is_cut_from_the_whole(init, index):
    whole = init((6, 5), key=0)[index]
    assert np.array_equal(init((6, 5), key=0, index=index), whole)
    out = np.full(whole.shape, np.nan, np.float32)
    assert np.array_equal(init.fill(out, key=0, index=index, global_shape=(6, 5)), whole)


@pytest.mark.parametrize(
    "init",
    [
        ai.siren("torch"),
        ai.np_rnn(),
        ai.dt_bias(),
        ai.stacked(ai.siren("torch")),
        ai.blocks([ai.siren("torch"), "normal"]),
        ai.mup(ai.siren("torch"), base=(2, 2)),
        ai.normal(),
    ],
)
def test_factors_of_factors(init):
    shape = (2, 4, 4) if isinstance(init, ai.stacked) else (4, 4)
    six = 6 * init(shape, key=0)
    for twice in (
        init.times(2.0).times(3.0),
        ai.scaled(ai.scaled(init, 2.0), 3.0),
        ai.scaled(init, 1.5).times(2.0).times(2.0),
    ):
        assert np.allclose(twice(shape, key=0), six, rtol=1e-6)


@pytest.mark.parametrize(
    ("init", "dtype", "words"),
    [
        (ai.siren("torch").times(1e300), "float32", "`factor` must be within the range of float32"),
        (ai.siren("torch").times(1e-60), "float32", "`factor` must be within the range of float32"),
        (ai.np_rnn().times(1e39), "bfloat16", "`factor` must be within the range of float32"),
        (ai.sinusoidal_positions().times(1e6), "float16", "out of the range of float16, as far as"),
        (ai.siren("torch").times(1e200).times(1e200), "float64", "`factor` must be smaller"),
    ],
)
def test_factors_that_no_number_survives(init, dtype, words):
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes")
    with pytest.raises(ai.ParameterError, match=words):
        init((4, 4), key=0, dtype=dtype)
