"""Keras models filled by rules: names that hold in any process, and values that every library has."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.arrays.errors import ParameterError, ParameterTypeError

keras = pytest.importorskip("keras")

from agnostic_init.compat import keras as initializers
from agnostic_init.compat.keras.model import _given_name

layers = keras.layers
RULES = {"*bias": "zeros", "*": ai.lecun_normal("keras")}


def stack():
    inner = keras.Sequential([layers.Dense(3), layers.Dense(3, name="head")])
    made = keras.Sequential([layers.Dense(8), inner, layers.Dense(2)])
    made.build((None, 4))
    return made


def values(model):
    found = initializers.named_weights(model)
    return {name: np.array(each.value) for name, each in found.items()}


def test_names_do_not_count_what_was_built_before():
    first, second = (initializers.named_weights(stack()) for _ in range(2))
    assert list(first) == list(second)
    assert [name for name in first if name.endswith("kernel")] == [
        "dense.kernel",
        "sequential.dense.kernel",
        "sequential.head.kernel",
        "dense_1.kernel",
    ]


def test_layers_of_a_layer():
    layers.LSTM(2)  # counts on
    made = keras.Sequential(
        [
            keras.Input((5, 4)),
            layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
            layers.BatchNormalization(),
            layers.GRU(2),
        ]
    )
    found = list(initializers.named_weights(made))
    assert "bidirectional.forward_lstm.lstm_cell.kernel" in found
    assert "bidirectional.backward_lstm.lstm_cell.recurrent_kernel" in found
    assert "batch_normalization.moving_variance" in found
    assert "gru.gru_cell.bias" in found
    assert not any("seed" in name for name in found)


def test_a_layer_that_is_used_twice_is_one():
    x = keras.Input((4,))
    shared = layers.Dense(4)
    made = keras.Model(x, shared(shared(x)))
    assert list(initializers.named_weights(made)) == ["dense.kernel", "dense.bias"]


def test_a_layer_by_itself():
    layer = layers.Dense(3)
    layer.build((None, 4))
    assert list(initializers.named_weights(layer)) == ["kernel", "bias"]


def test_values_are_those_of_a_tree_of_these_names():
    model = stack()
    assert initializers.fill_model(model, RULES, key=7) is model
    found = values(model)
    wanted = ai.init_tree({name: each.shape for name, each in found.items()}, RULES, key=7)
    assert all(np.array_equal(found[name], wanted[name]) for name in wanted)
    assert found["dense.kernel"].std() > 0


def test_one_more_layer_changes_no_other():
    smaller = values(initializers.fill_model(stack(), RULES, key=1))
    larger = stack()
    larger.add(layers.Dense(2))
    found = values(initializers.fill_model(larger, RULES, key=1))
    assert set(found) - set(smaller) == {"dense_2.kernel", "dense_2.bias"}
    assert all(np.array_equal(found[name], smaller[name]) for name in smaller)


@pytest.mark.parametrize(
    ("make", "rules", "error", "words"),
    [
        (
            lambda: layers.Dense(2),
            RULES,
            ParameterError,
            "`model` must be built, as it has no weights",
        ),
        (lambda: "model", RULES, ParameterTypeError, "`model` must be a model or a layer of Keras"),
        (stack, {"*kernel": "zeros"}, ParameterError, "dense.bias"),
        (stack, {**RULES, "*gamma": "ones"}, ParameterError, r"\*gamma"),
    ],
)
def test_bad_calls(make, rules, error, words):
    with pytest.raises(error, match=words):
        initializers.fill_model(make(), rules, key=0)


def test_nothing_is_written_where_a_rule_is_missing():
    model = stack()
    before = values(model)
    with pytest.raises(ParameterError):
        initializers.fill_model(model, {"*kernel": "ones"}, key=0)
    assert all(np.array_equal(values(model)[name], before[name]) for name in before)


def test_names_that_keras_gives():
    for name in dir(layers):
        kind = getattr(layers, name)
        if isinstance(kind, type) and name in (
            "Dense",
            "LSTMCell",
            "Conv2DTranspose",
            "PReLU",
            "RNN",
        ):
            assert _given_name(name) == keras.src.utils.naming.to_snake_case(name)


PROGRAM = """
import hashlib, keras, numpy as np, agnostic_init as ai
from agnostic_init.compat import keras as initializers
keras.layers.Dense(1)
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8), keras.layers.BatchNormalization()])
rules = {"*kernel": ai.he_normal("keras"), "*bias": "zeros", "*beta": "zeros", "*": "ones"}
initializers.fill_model(model, rules, key=3)
found = initializers.named_weights(model)
data = b"".join(np.asarray(keras.ops.convert_to_numpy(each.value)).tobytes() for each in found.values())
print(*found, hashlib.sha256(data).hexdigest())
"""


@pytest.mark.slow
def test_every_backend_of_keras_has_the_same():
    said = set()
    for backend, library in {"numpy": "numpy", "torch": "torch", "jax": "jax"}.items():
        pytest.importorskip(library)
        environment = {**os.environ, "KERAS_BACKEND": backend}
        command = [sys.executable, "-c", PROGRAM]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        said.add(done.stdout)
    assert len(said) == 1
    assert said.pop().startswith("dense.kernel dense.bias batch_normalization.gamma ")
