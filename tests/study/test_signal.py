"""The signal of a stack: known results, every library, and what goes wrong on the way."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.study import Stack, edge_of_chaos, signal


def test_he_keeps_the_second_moment_of_relu_over_fifty_layers():
    # Of a single network it wanders, with a variance of 5/width a layer: so the mean of eight.
    stack = Stack(depth=50, width=256, initializer="he_normal", activation="relu")
    squares = []
    for key in range(8):
        found = signal(stack, key=key, examples=2, jacobian=False).column("rms")
        squares.append(np.square(found) / found[0] ** 2)
    ratio = np.mean(squares, axis=0)[-1]
    assert 0.8 < ratio < 1.2


def test_glorot_halves_it_in_each_layer_as_theory_says():
    stack = Stack(depth=20, width=256, initializer="glorot_normal", activation="relu")
    found = signal(stack, key=0, examples=16, jacobian=False)
    squares = np.square(found.column("rms"))
    each = (squares[-1] / squares[0]) ** (1 / 20)
    assert each == pytest.approx(0.5, rel=0.05)
    theory = np.square([layer.theory_rms for layer in found.layers[1:]])
    np.testing.assert_allclose(theory[1:] / theory[:-1], 0.5, rtol=1e-6)
    assert found.phase.chi == pytest.approx(0.5)
    assert "the signal vanishes: 0.00" in found.verdicts[0]
    assert "of its size after 20 layers, × 0.7" in found.verdicts[0]
    assert "the gradient vanishes" in found.verdicts[1]


def test_orthogonal_keeps_all_singular_values_in_a_deep_linear_network():
    stack = Stack(depth=50, width=48, initializer="orthogonal", activation="linear")
    found = signal(stack, key=0)
    assert len(found.singular_values) == 48
    np.testing.assert_allclose(found.singular_values, 1, atol=1e-4)
    assert "an isometry: the Jacobian's singular values lie between 1 and 1" in found.verdicts
    spread = signal(
        Stack(depth=50, width=48, initializer="lecun_normal", activation="linear"), key=0
    )
    assert spread.singular_values[0] > 10 * spread.singular_values[24]


@pytest.mark.parametrize("sigma_b", [0.1, 0.3])
def test_the_critical_line_of_tanh_is_that_of_theory(sigma_b):
    """Where the measured gradient neither grows nor falls, within 5 %."""
    expected, q = edge_of_chaos("tanh", sigma_b)
    width, depth = 256, 12
    bias = ai.normal(std=sigma_b)
    batch = ai.draws.normal((32, width), key=9) * np.float32(math.sqrt(q))
    logs = []
    scales = expected * np.array([0.9, 1.0, 1.1])
    for sigma_w in scales:
        init = ai.normal(std=sigma_w / math.sqrt(width))
        stack = Stack(depth=depth, width=width, initializer=init, bias=bias, activation="tanh")
        found = signal(stack, np.tanh(batch), key=1, jacobian=False).column("gradient")
        logs.append(math.log(found[2] / found[-1]))
    assert logs[0] < 0 < logs[2]
    measured = np.interp(0.0, logs, scales)
    assert measured == pytest.approx(expected, rel=0.05)


def test_constants_never_break_symmetry():
    found = signal(Stack(depth=3, width=8, initializer=ai.constant(0.1)), key=0)
    assert [layer.copies for layer in found.layers] == [False, True, True, True]
    assert any("copies of each other" in each for each in found.verdicts)
    assert found.layers[1].theory_rms is None
    assert not any(layer.copies for layer in signal(Stack(depth=3, width=8), key=0).layers)


NORMALIZED = ("dense", "layer_norm", "activation")
CONVOLUTION = ("convolution", "batch_norm", "activation")


@pytest.mark.parametrize("block", [NORMALIZED, CONVOLUTION])
def test_every_library_finds_the_same(backend, block):
    # Steps forward and back are those of test_torch_layers.py; here it is what libraries are asked.
    slow = backend.name in ("jax", "dask")  # to compile, or to plan, what a kernel takes
    stack = Stack(depth=2 - slow, width=4, block=block, grid=(2, 2), kernel=1 if slow else 3)
    expected = signal(stack, key=3, examples=3)
    made = signal(stack, key=3, examples=3, xp=backend.xp)
    assert made.about["library"] in (backend.name, backend.module, "array_api_strict")
    assert made.problems == expected.problems == ()
    names = ("rms", "mean", "similarity", "dead", "saturated", "gradient", "weight_gradient")
    for name in names:
        np.testing.assert_allclose(made.column(name), expected.column(name), rtol=2e-3, atol=2e-5)
    np.testing.assert_allclose(made.singular_values, expected.singular_values, rtol=1e-3, atol=1e-4)


def test_theory_of_residual_and_normalized_stacks_is_near():
    for block, residual, activation in (
        (("layer_norm", "dense", "activation", "dense"), 1.0, "relu"),
        (("dense", "activation"), 0.5, "tanh"),
        (("dense", "batch_norm", "activation"), None, "relu"),
        (("dense", "rms_norm", "activation"), None, "tanh"),
    ):
        stack = Stack(depth=6, width=256, block=block, residual=residual, activation=activation)
        found = signal(stack, key=0, jacobian=False)
        for ours, name in (("theory_rms", "rms"), ("theory_gradient", "gradient")):
            theory, measured = found.column(ours)[1:], found.column(name)[1:]
            np.testing.assert_allclose(measured, theory, rtol=0.35, err_msg=str(block))
        similar = found.column("theory_similarity")[1:]
        np.testing.assert_allclose(found.column("similarity")[1:], similar, atol=0.06)


def test_what_is_not_finite_ends_the_study_and_what_was_found_is_kept():
    found = signal(Stack(depth=9, width=16, initializer=ai.normal(std=1e13)), key=0)
    assert found.problems == ("layer 3 is not finite; nothing is measured behind it",)
    assert [layer.name for layer in found.layers] == ["input", "1", "2", "3"]
    assert all(math.isfinite(layer.rms) for layer in found.layers[:3])
    assert "explodes: it is no longer finite after 3 layers" in found.verdicts[0]
    assert "! layer 3 is not finite" in str(found)
    assert json.loads(json.dumps(found.to_dict()))["layers"][3]["rms"] == "inf"


def test_theory_is_silent_in_words_where_it_says_nothing():
    for init in ("identity", "looks_linear", ai.uniform(0, 1), ai.constant(0.1)):
        found = signal(Stack(depth=2, width=8, initializer=init), key=0)
        assert found.about["no theory"] == "theory is of independent random weights of mean 0"
        assert found.layers[1].theory_rms is None
        assert found.phase is None
    own = ai.from_function(lambda shape, key, xp, dtype, device: xp.full(shape, 0.1, dtype=dtype))
    found = signal(Stack(depth=2, width=8, initializer=own()), key=0)
    assert found.about["no theory"] == (
        "the initializer does not say the mean and the std of its weights"
    )


@pytest.mark.parametrize("examples", [1, 2])
def test_few_examples_and_units_are_studied_too(examples):
    for block in (("dense", "batch_norm", "activation"), ("activation", "layer_norm", "dense")):
        stack = Stack(depth=2, width=1, block=block, residual=-1.0, activation="relu_squared")
        found = signal(stack, key=0, examples=examples)
        assert len(found.layers) == 3
        assert all(-1 <= (layer.theory_similarity or 0) <= 1 for layer in found.layers)


def test_sizes_whose_squares_are_no_numbers():
    found = signal(Stack(depth=1, width=4, residual=1e200), key=0)
    assert found.verdicts[0].startswith("the signal explodes: it is no longer finite")


def test_histograms_are_of_all_elements_of_a_few_and_of_some_of_many():
    from agnostic_init.study.measures import MOST, histogram

    few = histogram("few", np.arange(80.0).reshape(2, 40))
    assert sum(few.counts) == 80
    assert set(few.counts) == {2.0}
    many = histogram("many", np.broadcast_to(np.float32(1), (3, MOST)))
    assert MOST / 2 <= sum(many.counts) <= MOST
    assert sum(histogram("alike", np.full(3, 1e25)).counts) == 3
    assert histogram("none", np.array([1.0, np.nan])) is None


def test_a_wide_jacobian_is_left_out_in_words():
    stack = Stack(depth=1, width=33, block=("convolution", "activation"))
    assert "of 2,112 outputs by 2,112 inputs is not computed" in signal(stack, key=0).problems[0]
    assert signal(stack, key=0, jacobian=False).problems == ()


def test_dead_and_saturated_units_are_counted_and_told():
    dead = signal(Stack(depth=2, width=32, bias=ai.constant(-9.0)), key=0)
    assert dead.layers[1].dead == 1.0
    assert any("units of layer 1 are dead" in each for each in dead.verdicts)
    assert dead.verdicts[0] == "the signal vanishes: it is 0 after 1 layer"
    flat = signal(
        Stack(depth=2, width=64, initializer=ai.normal(std=9.0), activation="tanh"), key=0
    )
    assert flat.layers[1].saturated > 0.9
    assert any(
        "saturated" in each and "where the activation is flat" in each for each in flat.verdicts
    )


def test_a_study_tells_how_far_it_has_come_and_what_it_was_of():
    told = []
    stack = Stack(depth=2, width=(3, 5, 4), name="mine")
    found = signal(stack, key=0, dtype="float64", progress=lambda *each: told.append(each))
    assert [each[1] for each in told] == [1, 2, 3, 4, 5]
    assert {each[2] for each in told} == {5}
    assert found.name == "mine"
    assert found.about["dtype"] == "float64"
    assert found.about["stack"]["width"] == [3, 5, 4]
    assert [layer.shape for layer in found.layers] == [(3,), (5,), (4,)]
    assert len(found.weights) == 2


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: Stack(depth=0),
            ai.ParameterError,
            "`depth` must be positive, got 0; try: depth=20",
        ),
        (lambda: Stack(depth=2.5), ai.ParameterTypeError, "`depth` must be an integer"),
        (
            lambda: Stack(activation="rely"),
            ai.ParameterError,
            "`activation` must be .*; try: 'relu'",
        ),
        (
            lambda: Stack(activation=np.relu if hasattr(np, "relu") else 3),
            ai.ParameterTypeError,
            "must be a name or a",
        ),
        (lambda: Stack(width=(3, 4)), ai.ParameterError, r"depth \+ 1 of them, which is 21"),
        (lambda: Stack(width=0), ai.ParameterError, "`width` must be positive"),
        (lambda: Stack(width=1 << 30), ai.ParameterError, "`width` must be at most 100,000"),
        (lambda: Stack(block="dense"), ai.ParameterTypeError, "must be a tuple of steps"),
        (lambda: Stack(block=("dens",)), ai.ParameterError, "`block` must be one of 'dense'"),
        (lambda: Stack(block=("activation",)), ai.ParameterError, "must have weights"),
        (lambda: Stack(block=("dense", "convolution")), ai.ParameterError, "not both"),
        (lambda: Stack(depth=1, width=(2, 3), residual=1), ai.ParameterError, "must be one number"),
        (lambda: Stack(kernel=2), ai.ParameterError, "`kernel` must be odd, got 2; try: 3"),
        (lambda: Stack(grid=8), ai.ParameterTypeError, "must be a height and a width"),
        (
            lambda: Stack(initializer="he_norma"),
            ai.ParameterError,
            "must be that of an initializer",
        ),
        (lambda: signal(Stack()), ai.ParameterError, "`key` must be given for a stack"),
        (lambda: signal("he_normal", key=0), ai.ParameterTypeError, "`model` must be a Stack or a"),
        (
            lambda: signal(Stack(), key=0, dtype="float16"),
            ai.ParameterError,
            "must be one of float32",
        ),
        (
            lambda: signal(Stack(), key=0, examples=0),
            ai.ParameterError,
            "`examples` must be positive",
        ),
        (lambda: signal(Stack(), np.ones((3, 5)), key=0), ai.ParameterError, r"\(examples, 256\)"),
        (
            lambda: signal(Stack(width=2), np.full((3, 2), np.nan), key=0),
            ai.ParameterError,
            "be finite",
        ),
        (lambda: signal(Stack(width=2), np.ones((3, 2), int), key=0), ai.ParameterError, "`dtype`"),
        (lambda: signal(Stack(), key=0, loss=len), ai.ParameterTypeError, "`loss` must be None"),
    ],
)
def test_bad_calls(call, error, words):
    with pytest.raises(error, match=words):
        call()
