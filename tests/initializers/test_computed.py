"""Elements that are functions of their places, or of uniforms: blocks, libraries, precision, names."""

from __future__ import annotations

import json

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.draws.elementary import exp, exp_minus_one
from agnostic_init.models.spec_file import read_spec

CASES = {
    "gates": (ai.gates("normal", "torch", special={"f": "ones"}), (8, 5)),
    "forget bias": (ai.forget_bias("keras"), (12,)),
    "chrono": (ai.chrono(100, "torch"), (12,)),
    "chrono, gru of haiku": (ai.chrono(100, "haiku", cell="gru"), (2, 12)),
    "irnn": (ai.irnn(0.5), (4, 4)),
    "log": (ai.log_of_uniform(1, 16, -1), (7, 3)),
    "log to zero": (ai.log_of_uniform(0, 3), (7, 3)),
    "siren": (ai.siren("torch"), (7, 3)),
    "siren, first": (ai.siren("keras", first=True), (2, 9)),
    "fourier": (ai.fourier_features(3), (7, 2)),
    "random features": (ai.random_features(3), (7, 2)),
    "phases": (ai.random_phases(), (7,)),
    "legs": (ai.hippo(), (2, 5, 5)),
    "legt": (ai.hippo("legt", 3), (6, 6)),
    "input": (ai.hippo_input(), (5, 1)),
    "lin": (ai.s4d("lin", "imag"), (2, 6)),
    "inv": (ai.s4d("inv", "imag", paired=False), (6,)),
    "real": (ai.s4d("real"), (2, 6)),
    "a_log": (ai.mamba_a_log(), (3, 16)),
    "dt": (ai.dt_bias(), (11,)),
    "dt, floor": (ai.dt_bias(1e-3, 0.1, 0.01, "exp"), (11,)),
    "nu": (ai.lru_nu_log(), (11,)),
    "theta": (ai.lru_theta_log(), (11,)),
}
INDICES = [np.s_[1:4], np.s_[::-1], np.s_[-1], np.s_[..., 1::2], np.s_[0:0]]


@pytest.mark.parametrize("name", CASES)
def test_a_block_is_cut_from_the_whole(name):
    init, shape = CASES[name]
    whole = init(shape, key=0)
    assert whole.shape == shape
    assert np.isfinite(whole).all()
    for index in INDICES:
        np.testing.assert_array_equal(init(shape, key=0, index=index), whole[index])
    out = np.full(shape, np.nan, np.float32)[..., ::-1]
    np.testing.assert_array_equal(init.fill(out, key=0), whole)


@pytest.mark.parametrize("name", CASES)
def test_every_library_and_dtype(backend, xp, name):
    init, shape = CASES[name]
    expected = init(shape, key=0)
    np.testing.assert_array_equal(backend.to_numpy(init(shape, key=0, xp=xp)), expected)
    if backend.name != "strict":  # which has no such dtype
        half = backend.to_numpy(init(shape, key=0, xp=xp, dtype="float16"))
        np.testing.assert_array_equal(half, expected.astype(np.float16))


@pytest.mark.parametrize("name", CASES)
def test_as_data_and_described(name):
    init, shape = CASES[name]
    data = json.loads(json.dumps(init.to_dict()))
    assert ai.get(data) == init
    assert type(init).from_dict(data) == init
    about = init.describe(shape)
    assert about.elementwise
    assert about.distribution
    low, high = about.low, about.high
    values = init(shape, key=0).astype(float)
    if low is not None:
        assert low - 1e-6 * abs(low) <= values.min()
        assert values.max() <= high + 1e-6 * abs(high)


@pytest.mark.parametrize("name", ["log", "log to zero", "dt", "dt, floor", "nu", "theta"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_moments_are_those_of_many(name, dtype):
    init, _ = CASES[name]
    about = init.describe(100_000, dtype)
    values = init(100_000, key=1, dtype=dtype).astype(float)
    assert abs(values.mean() - about.mean) < 4.5 * about.std / np.sqrt(values.size)
    assert abs(values.std() / about.std - 1) < 0.03
    assert about.low <= values.min() + 1e-6
    assert values.max() <= about.high + 1e-6


@pytest.mark.parametrize(
    ("init", "shape"),
    [
        (ai.chrono(100, "torch"), 2**40),
        (ai.log_of_uniform(1, 2), (2**40, 2**20)),
        (ai.hippo("legt"), (2**31, 2**31)),
        (ai.mamba_a_log(), (2**30, 2**33)),
        (ai.dt_bias(), 2**60),
    ],
    ids=lambda x: type(x).__name__,
)
def test_nothing_is_allocated_for_a_description_or_a_block(init, shape):
    assert init.describe(shape).elements >= 2**40
    rank = 1 if isinstance(shape, int) else len(shape)
    corner = init(shape, key=0, index=(slice(-2, None),) * rank)
    assert corner.shape == (2,) * rank
    assert np.isfinite(corner).all()


def test_pieces_of_a_large_array_join():
    init = ai.lru_nu_log(0.4, 0.9)
    whole = init((5, 20_000), key=0)
    for index in (np.s_[0, 16_380:16_390], np.s_[3:, ::997], np.s_[::-2, 1]):
        np.testing.assert_array_equal(init((5, 20_000), key=0, index=index), whole[index])


def test_exponentials_are_those_of_numpy():
    x = np.concatenate([np.linspace(-700, 700, 9001), np.linspace(-1, 1, 5001)])
    np.testing.assert_allclose(exp(np, x, 700.0), np.exp(x), rtol=5e-16)
    np.testing.assert_allclose(exp_minus_one(np, x, 700.0), np.expm1(x), rtol=1e-15, atol=0)
    small = 10.0 ** np.linspace(-300, 0, 500)
    np.testing.assert_allclose(exp_minus_one(np, -small, 1.0), np.expm1(-small), rtol=1e-15, atol=0)


SPEC = """
[defaults]
seed = 1
[tensors]
"rnn.weight_hh_l0" = [12, 3]
"rnn.bias_ih_l0" = 12
"rnn.bias_hh_l0" = 12
"mixer.A_log" = [6, 16]
"mixer.dt_proj.bias" = 6
"ssm.A" = { shape = [4], dtype = "complex64" }
[[rules]]
match = "*.weight_hh_*"
init = { name = "gates", init = "orthogonal", order = "torch" }
[[rules]]
match = "*.bias_ih_*"
init = { name = "chrono", longest = 50, order = "torch" }
[[rules]]
match = "*.bias_hh_*"
init = { name = "gates", init = "zeros", order = "torch", special = { o = { name = "constant", value = 0.5 } } }
[[rules]]
match = "*.A_log"
init = "mamba_a_log"
[[rules]]
match = "*.bias"
init = { name = "dt_bias", low = 0.01 }
[[rules]]
match = "ssm.A"
init = { name = "s4d", kind = "inv" }
"""


def test_in_a_spec_file_and_in_rules(tmp_path):
    path = tmp_path / "spec.toml"
    path.write_text(SPEC, encoding="utf-8")
    plan = read_spec(path).plan()
    assert "chrono" not in str(plan["rnn.bias_ih_l0"].initializer)  # it is made of blocks
    specs = {entry.name: (entry.shape, entry.dtype) for entry in plan}
    rules = [(entry.name, entry.initializer) for entry in plan]
    weights = ai.init_tree(specs, rules, key=1)
    gates = weights["rnn.weight_hh_l0"].reshape(4, 3, 3)
    np.testing.assert_allclose(
        gates @ gates.swapaxes(1, 2), np.tile(np.eye(3), (4, 1, 1)), atol=1e-6
    )
    assert weights["rnn.bias_hh_l0"].tolist() == [0] * 9 + [0.5] * 3
    np.testing.assert_array_equal(
        weights["rnn.bias_ih_l0"],
        ai.chrono(50, "torch")(12, key=ai.key(1).fold_in("rnn.bias_ih_l0")),
    )
    assert weights["ssm.A"].dtype == np.complex64
