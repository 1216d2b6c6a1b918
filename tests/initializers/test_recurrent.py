"""Recurrent layers: gates in the order of each framework, and what their biases make them remember."""

from __future__ import annotations

import os

import numpy as np
import pytest
from scipy import stats

import agnostic_init as ai

ALARM = 1e-4  # of a Kolmogorov-Smirnov test, for one seed in so many
UNITS = 4000
LIBRARIES = ["numpy", "torch"]


def made(library, init, shape, key=0):
    xp = np if library == "numpy" else pytest.importorskip("torch")
    return np.asarray(init(shape, key=key, xp=xp)).astype(float)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_steps_that_units_remember_are_uniform(library):
    longest = 300
    i, f, g, o = made(library, ai.chrono(longest, "torch"), 4 * UNITS).reshape(4, UNITS)
    steps = 1 / (1 - sigmoid(f))  # in which the state decays by e
    assert stats.kstest(steps, stats.uniform(2, longest - 2).cdf).pvalue > ALARM
    np.testing.assert_array_equal(i, -f)
    assert not g.any()
    assert not o.any()


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("order", ["torch", "keras", "haiku"])
def test_the_update_gate_of_a_gru(library, order):
    bias = made(library, ai.chrono(50, order, cell="gru"), 3 * UNITS)
    z = bias.reshape(3, UNITS)[1 if order == "torch" else 0]
    kept = sigmoid(-z if order == "haiku" else z)
    assert stats.kstest(1 / (1 - kept), stats.uniform(2, 48).cdf).pvalue > ALARM
    assert np.count_nonzero(bias) == z.size


def test_haiku_adds_1_to_its_forget_gate():
    ours = made("numpy", ai.chrono(50, "haiku"), 4 * 64).reshape(4, 64)
    theirs = made("numpy", ai.chrono(50, "torch"), 4 * 64).reshape(4, 64)
    np.testing.assert_allclose(ours[2] + 1, theirs[1], atol=1e-6)
    np.testing.assert_array_equal(ours[0], theirs[0])
    assert not ai.forget_bias("haiku")(8).any()
    assert ai.forget_bias("haiku", 3)(4).tolist() == [0, 0, 2, 0]


def test_letters_in_place_of_a_framework():
    torch = ai.gates("normal", "torch", special={"f": "ones"})
    assert ai.gates("normal", "ifco", special={"f": "ones"}, axis=0) == torch
    assert ai.chrono(9, "iofg", axis=-1)(4, key=0)[2] > 0
    assert ai.forget_bias("iofc", axis=0, biases=2)(4).tolist() == [0, 0, 0.5, 0]


@pytest.mark.parametrize("library", LIBRARIES)
def test_every_gate_has_a_matrix_and_fans_of_its_own(library):
    w = made(library, ai.gates("orthogonal", "keras"), (16, 64))
    for gate in np.split(w, 4, axis=1):
        np.testing.assert_allclose(gate @ gate.T, np.eye(16), atol=1e-5)
    bound = np.sqrt(6 / (32 + 64))
    w = made(library, ai.gates(ai.glorot_uniform("torch"), "torch", cell="gru"), (3 * 64, 32))
    assert np.abs(w).max() <= bound
    assert np.abs(w).max() > 0.99 * bound


CELLS = ["torch", "keras", "flax", "equinox"]


def after_a_step(framework, cell, bias):
    """What one unit's state of 1 is after a step of a layer of zero weights."""
    if framework == "torch":
        torch = pytest.importorskip("torch")
        layer = {"lstm": torch.nn.LSTMCell, "gru": torch.nn.GRUCell}[cell](1, 1)
        for name, value in layer.named_parameters():
            torch.nn.init.zeros_(value)
            if name in bias:
                value.data.copy_(torch.as_tensor(bias[name]))
        with torch.no_grad():
            x, one, zero = torch.zeros(1, 1), torch.ones(1, 1), torch.zeros(1, 1)
            return float(layer(x, (zero, one))[1] if cell == "lstm" else layer(x, one))
    (value,) = bias.values()
    if framework == "keras":
        os.environ.setdefault("KERAS_BACKEND", "numpy")
        keras = pytest.importorskip("keras")
        zero, one = np.zeros((1, 1), np.float32), np.ones((1, 1), np.float32)
        layer = keras.layers.LSTMCell(1) if cell == "lstm" else keras.layers.GRUCell(1)
        layer.build((1, 1))
        shapes = [weight.shape for weight in layer.weights]
        layer.set_weights([*(np.zeros(shape) for shape in shapes[:2]), value.reshape(shapes[2])])
        state = [zero, one] if cell == "lstm" else [one]
        return float(keras.ops.convert_to_numpy(layer(zero, state)[1][-1])[0, 0])
    jax = pytest.importorskip("jax")
    one, zero = jax.numpy.ones(1), jax.numpy.zeros(1)
    if framework == "equinox":
        equinox = pytest.importorskip("equinox")
        key = jax.random.key(0)
        layer = {"lstm": equinox.nn.LSTMCell, "gru": equinox.nn.GRUCell}[cell](1, 1, key=key)
        layer = jax.tree.map(jax.numpy.zeros_like, layer, is_leaf=equinox.is_array)
        layer = equinox.tree_at(lambda each: each.bias, layer, jax.numpy.asarray(value))
        return float((layer(zero, (zero, one))[1] if cell == "lstm" else layer(zero, one))[0])
    nnx = pytest.importorskip("flax.nnx")
    if cell == "lstm":
        layer = nnx.OptimizedLSTMCell(1, 1, rngs=nnx.Rngs(0))
        where = layer.dense_h
    else:
        layer = nnx.GRUCell(1, 1, rngs=nnx.Rngs(0))
        where = layer.dense_i
    nnx.update(layer, jax.tree.map(jax.numpy.zeros_like, nnx.state(layer, nnx.Param)))
    where.bias[...] = jax.numpy.asarray(value)
    one, zero = one[None], zero[None]
    carry = (one, zero) if cell == "lstm" else one  # the memory is the first
    carry, _ = layer(carry, zero)
    return float((carry[0] if cell == "lstm" else carry)[0, 0])


@pytest.mark.parametrize("framework", CELLS)
def test_a_layer_of_the_framework_keeps_what_the_bias_says(framework):
    names = ("bias_ih", "bias_hh") if framework == "torch" else ("bias",)
    count = len(names) if framework == "torch" else None
    bias = ai.forget_bias(framework, 2.0, biases=count)(4)
    kept = after_a_step(framework, "lstm", dict.fromkeys(names, bias))
    assert kept == pytest.approx(sigmoid(2.0), abs=1e-6)


@pytest.mark.parametrize("framework", CELLS)
def test_a_gru_of_the_framework_keeps_what_the_bias_says(framework):
    init = ai.chrono(40, framework, cell="gru")
    if framework == "keras":  # which has both biases as the rows of one
        bias = ai.blocks([init, "zeros"], same_key=True)((2, 3), key=0)
    else:
        bias = init(3, key=0)
    u = ai.log_of_uniform(1, 39)(1, key=0).item()
    name = "bias_ih" if framework == "torch" else "bias"
    kept = after_a_step(framework, "gru", {name: bias})
    assert kept == pytest.approx(sigmoid(u), abs=1e-6)


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_recurrent_matrix_of_an_np_rnn(library):
    matrices = made(library, ai.np_rnn(), (3, 40, 40))
    for w in matrices:
        np.testing.assert_allclose(w, w.T, atol=1e-6)
        eigenvalues = np.linalg.eigvalsh(w)
        assert eigenvalues[-1] == pytest.approx(1.0, abs=1e-5)
        # (A + I) / e, of which A has none below 0 and few that are near its largest, about 4.
        assert 0.15 < eigenvalues[0] < 0.3
        assert eigenvalues[-2] < 0.999
    assert not np.allclose(matrices[0], matrices[1])


@pytest.mark.parametrize("library", LIBRARIES)
def test_an_irnn_of_rectifiers_keeps_its_state(library):
    state = np.abs(np.random.default_rng(0).normal(size=16))
    w = made(library, ai.irnn(), (16, 16))
    after = state
    for _ in range(100):
        after = np.maximum(w @ after, 0)
    np.testing.assert_array_equal(after, state)
