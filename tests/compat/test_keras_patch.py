"""What a block of `patch` promises in Keras: keys, layouts, and no silent end."""

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


def weights(model):
    return [np.asarray(keras.ops.convert_to_numpy(each.value)) for each in model.weights]


def model():
    made = keras.Sequential([keras.layers.Dense(4), keras.layers.Dense(3, "relu")])
    made.build((None, 5))
    return weights(made)


def test_a_key_gives_every_layer_its_own_values_again():
    with initializers.patch(key=3):
        first = model()
    with initializers.patch(key=ai.key(3)):
        second = model()
    with initializers.patch(key=4):
        third = model()
    assert all((a == b).all() for a, b in zip(first, second, strict=True))
    assert not (first[0] == third[0]).any()
    stream = ai.key(3).fold_in(0)
    expected = ai.glorot_uniform("keras")((5, 4), key=ai.key(stream.seed))
    assert (first[0] == expected).all()


def test_a_seed_goes_before_the_key_and_a_configuration_stays_without_one():
    with initializers.patch(key=3):
        seeded = keras.initializers.get({"class_name": "HeNormal", "config": {"seed": 7}})
        free = keras.initializers.get("he_normal")
    assert seeded.seed == 7
    assert free.seed == ai.key(3).fold_in(0).seed
    assert free.get_config()["seed"] is None
    again = initializers.HeNormal()
    assert again.seed != free.seed


def test_a_block_that_something_ends_says_so():
    words = "was ended by something in its block, as keras.utils.clear_session does"
    with pytest.warns(RuntimeWarning, match=words), initializers.patch():
        keras.utils.clear_session()
    with initializers.patch():
        assert isinstance(keras.initializers.get("he_normal"), initializers.HeNormal)


def test_a_shape_that_is_not_known():
    for init in (initializers.HeNormal(seed=1), initializers.RandomNormal(seed=1)):
        with pytest.raises(ParameterError, match=r"`shape` must be known.*layer.build"):
            init((None, 4))


@pytest.mark.parametrize("shape", [b"23", {2, 3}, {2: 3}, (2, 1.5)], ids=repr)
def test_what_is_no_shape(shape):
    for init in (initializers.HeNormal(seed=1), initializers.Orthogonal(seed=1)):
        with pytest.raises(ParameterTypeError, match="`shape` must be an integer or a sequence"):
            init(shape)


def test_layout_is_taken_as_in_newer_releases(monkeypatch):
    seen = []

    def distribute(tensor, layout):
        seen.append(layout)
        return tensor

    monkeypatch.setattr(keras.distribution, "distribute_tensor", distribute)
    names = ("HeNormal", "RandomNormal", "RandomUniform", "TruncatedNormal", "Orthogonal")
    for name in names:
        init = getattr(initializers, name)(seed=1)
        made = init((3, 4), dtype="float32", layout="a layout")
        assert np.array_equal(*map(keras.ops.convert_to_numpy, (made, init((3, 4)))))
    assert seen == ["a layout"] * len(names)


def test_float64_on_jax_without_it_is_the_float64_rounded():
    pytest.importorskip("jax")
    program = """
import numpy as np, keras
import agnostic_init as ai
from agnostic_init.compat import keras as initializers
for init, ours in ((initializers.RandomNormal(0, 1, seed=3), ai.normal()),
                   (initializers.HeUniform(seed=3), ai.he_uniform("keras")),
                   (initializers.RandomUniform(0, 1, seed=3), ai.uniform())):
    made = keras.ops.convert_to_numpy(init((5, 4), "float64"))
    expected = ours((5, 4), key=3, dtype="float64")
    assert np.array_equal(made, expected.astype(made.dtype)), (made, expected)
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        env={**os.environ, "KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
