"""The contract of keras.initializers, by its documentation and beside Keras's own classes.

Samples are of fixed seeds. Each Kolmogorov-Smirnov test raises a false alarm for 1 seed in 10,000.
This process runs Keras on NumPy; torch and JAX have processes of their own, as Keras has one
backend for each.
"""

from __future__ import annotations

import importlib.util
import inspect
import json
import math
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import agnostic_init as ai

os.environ.setdefault("KERAS_BACKEND", "numpy")
keras = pytest.importorskip("keras")

from agnostic_init.compat import keras as init

theirs = keras.initializers
ALARM = 1e-4
NAMES = [name for name in dir(theirs) if not name.startswith("_")]
SCALED = {
    "GlorotNormal": (1, "fan_avg", "truncnorm"),
    "GlorotUniform": (1, "fan_avg", "uniform"),
    "HeNormal": (2, "fan_in", "truncnorm"),
    "HeUniform": (2, "fan_in", "uniform"),
    "LecunNormal": (1, "fan_in", "truncnorm"),
    "LecunUniform": (1, "fan_in", "uniform"),
}
CLASSES = [
    *SCALED,
    "VarianceScaling",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "Orthogonal",
]


def array(tensor):
    return np.asarray(keras.ops.convert_to_numpy(tensor))


def fits(tensor, distribution, *args):
    sample = array(tensor).astype(np.float64).ravel()
    return stats.kstest(sample, distribution, args=args)[1] > ALARM


def spread(distribution, std):
    """The arguments of SciPy's distribution of that std, or of the std that Keras corrects to it."""
    if distribution == "truncnorm":
        return "truncnorm", -2, 2, 0, std / 0.87962566103423978
    if distribution == "uniform":
        return "uniform", -std * math.sqrt(3), 2 * std * math.sqrt(3)
    return "norm", 0, std


def test_every_name_is_there():
    assert set(NAMES) <= set(init.__all__)


@pytest.mark.parametrize("name", CLASSES)
def test_classes_are_keras_own_to_keras(name):
    ours, other = getattr(init, name), getattr(theirs, name)
    assert issubclass(ours, other)
    assert inspect.signature(ours) == inspect.signature(other)
    assert ours(seed=3).get_config() == other(seed=3).get_config()
    assert ours(seed=3).seed == 3
    assert keras.initializers.get(ours) is not ours
    assert keras.saving.get_registered_name(ours) == f"agnostic_init>{name}"


# Distributions ----------------------------------------------------------------------------------


def test_given_parameters():
    shape = (40, 30)
    assert fits(init.RandomNormal(1.0, 2.0, seed=1)(shape), "norm", 1, 2)
    assert fits(init.RandomUniform(-1.0, 3.0, seed=1)(shape), "uniform", -1, 4)
    values = init.TruncatedNormal(1.0, 0.5, seed=1)(shape)
    assert fits(values, "truncnorm", -2, 2, 1, 0.5)
    assert array(init.RandomUniform(2.0, 2.0, seed=1)((2,))).tolist() == [2, 2]
    defaults = {"RandomNormal": 0.05, "RandomUniform": 0.05 / 3**0.5, "TruncatedNormal": 0.044}
    for name, std in defaults.items():
        assert abs(array(getattr(init, name)(seed=1)((100, 100))).std() / std - 1) < 0.05


def test_truncation_has_no_exception():
    # Of Keras's own on torch, one in 230,000 lies beyond two sigmas.
    assert np.abs(array(init.TruncatedNormal(0.0, 1.0, seed=1)((2_000_000,)))).max() <= 2


FANS = [
    ((60, 40), {}, 60, 40),
    ((3, 5, 8, 16), {}, 120, 240),
    ((900,), {}, 900, 900),
    ((32, 4, 16), {"input_axes": [0], "output_axes": [1, 2]}, 32, 64),
]


@pytest.mark.parametrize("name", SCALED)
@pytest.mark.parametrize(("shape", "axes", "fan_in", "fan_out"), FANS)
def test_names_and_fans(name, shape, axes, fan_in, fan_out):
    scale, mode, distribution = SCALED[name]
    std = math.sqrt(scale / {"fan_in": fan_in, "fan_avg": (fan_in + fan_out) / 2}[mode])
    values = getattr(init, name)(seed=1, **axes)(shape)
    assert fits(values, *spread(distribution, std))
    # Keras's own: the std of n values of a kurtosis up to 3 is known to 1 / sqrt(2 n); 6 of these.
    other = array(getattr(theirs, name)(seed=1, **axes)(shape)).std()
    assert abs(array(values).std() / other - 1) < 2 * 6 / math.sqrt(2 * math.prod(shape))


@pytest.mark.parametrize("mode", ["fan_in", "fan_out", "fan_avg"])
@pytest.mark.parametrize(
    "distribution", ["normal", "truncated_normal", "untruncated_normal", "uniform"]
)
def test_variance_scaling(mode, distribution):
    std = math.sqrt(3 / {"fan_in": 60, "fan_out": 40, "fan_avg": 50}[mode])
    kind = {"untruncated_normal": "norm", "uniform": "uniform"}.get(distribution, "truncnorm")
    made = init.VarianceScaling(3.0, mode, distribution, seed=2)
    assert fits(made((60, 40)), *spread(kind, std))


@pytest.mark.parametrize("shape", [(), (0, 3)])
def test_shapes_of_few_elements(shape):
    for name in SCALED:
        assert array(getattr(init, name)(seed=1)(shape)).shape == shape


@pytest.mark.parametrize("shape", [(5, 5), (3, 7), (7, 3), (2, 3, 4), (3, 3, 2, 30)])
def test_orthogonal(shape):
    matrix = array(init.Orthogonal(gain=2.0, seed=1)(shape)).reshape(-1, shape[-1])
    matrix = matrix.T if matrix.shape[0] > matrix.shape[1] else matrix
    np.testing.assert_allclose(matrix @ matrix.T, 4 * np.eye(len(matrix)), atol=1e-5)


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("dtype", [None, "float32", "float64", "float16", "bfloat16"])
def test_dtypes(name, dtype):
    made = getattr(init, name)(seed=1)
    values = made((16, 16), dtype=dtype)
    assert keras.backend.standardize_dtype(values.dtype) == (dtype or keras.config.floatx())
    if dtype == "bfloat16" and name != "Orthogonal":
        single = array(made((16, 16), "float32"))
        rounded = array(keras.ops.cast(keras.ops.cast(single, "bfloat16"), "float32"))
        assert (array(keras.ops.cast(values, "float32")) == rounded).mean() > 0.95


# Seeds ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CLASSES)
def test_seeds(name):
    made = getattr(init, name)

    def same(one, two):
        return np.array_equal(array(one((6, 6))), array(two((6, 6))))

    seeded, unseeded = made(seed=7), made()
    assert same(seeded, seeded)
    assert same(unseeded, unseeded)
    assert same(seeded, made(seed=7))
    assert same(seeded, seeded.clone())
    assert not same(seeded, made(seed=8))
    assert not same(unseeded, made())
    assert not same(unseeded, unseeded.clone())
    generated = made(seed=keras.random.SeedGenerator(7))
    assert same(generated, seeded)  # its first, as in Keras
    assert not same(generated, generated)
    assert same(generated.clone(), generated.clone())


def test_a_seed_of_all_of_keras():
    keras.utils.set_random_seed(1)
    one = array(init.HeNormal()((4, 4)))
    keras.utils.set_random_seed(1)
    assert np.array_equal(array(init.HeNormal()((4, 4))), one)


def test_a_seed_is_a_key():
    values = array(init.GlorotUniform(seed=42)((30, 40)))
    assert np.array_equal(values, ai.glorot_uniform("keras")((30, 40), key=42))
    assert init.RandomNormal(seed=-1)((2,)).shape == (2,)
    matrix = array(init.Orthogonal(seed=42)((5, 3, 4)))
    assert np.array_equal(matrix, ai.orthogonal(layout="keras")((5, 3, 4), key=42))
    assert np.array_equal(array(init.Orthogonal(seed=42)((5, 3))), ai.orthogonal()((5, 3), key=42))


# Serialization ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("seed", [5, None, "generator"])
def test_serialization(name, seed):
    made = getattr(init, name)(seed=keras.random.SeedGenerator(5) if seed == "generator" else seed)
    text = json.dumps(keras.initializers.serialize(made))
    restored = keras.initializers.deserialize(json.loads(text))
    assert type(restored) is type(made)
    assert set(dir(restored)) == set(dir(made))
    assert json.dumps(keras.initializers.serialize(restored)) == text
    assert json.dumps(type(made).from_config(made.get_config()).get_config()) == json.dumps(
        made.get_config()
    )
    if seed is not None:
        assert np.array_equal(array(restored((3, 3))), array(made((3, 3))))


def test_a_model_keeps_its_initializers():
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(3, kernel_initializer=init.HeNormal(seed=1))]
    )
    copy = keras.Sequential.from_config(json.loads(json.dumps(model.get_config())))
    assert type(copy.layers[0].kernel_initializer) is init.HeNormal
    assert np.array_equal(array(copy.layers[0].kernel.value), array(model.layers[0].kernel.value))


# Refusals ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda m: m.VarianceScaling(scale=-1.0), "`scale` must be positive"),
        (lambda m: m.VarianceScaling(mode="fan"), "Invalid `mode` argument"),
        (lambda m: m.VarianceScaling(distribution="gauss"), "Invalid `distribution` argument"),
        (lambda m: m.RandomNormal(seed="a"), "seed"),
        (lambda m: m.Orthogonal()((5,)), "at least two-dimensional"),
        (lambda m: m.get("typo"), "typo"),
    ],
    ids=["scale", "mode", "distribution", "seed", "rank", "name"],
)
def test_errors_are_keras_own(call, words):
    for module in (theirs, init):
        with pytest.raises(ValueError, match=words):
            call(module)


# Names ------------------------------------------------------------------------------------------


def test_names_mean_ours_within_patch():
    for name in (
        "he_normal",
        "HeNormal",
        "orthogonal",
        "OrthogonalInitializer",
        "uniform",
        "normal",
    ):
        ours, other = init.get(name), theirs.get(name)
        assert type(ours).__module__.startswith("agnostic_init")
        assert type(ours).__mro__[-3].__name__ == "RandomInitializer" or isinstance(
            ours, type(other)
        )
        assert not type(other).__module__.startswith("agnostic_init")
        with init.patch():
            assert type(theirs.get(name)) is type(ours)
    assert init.get(None) is None
    assert type(init.get("zeros")) is theirs.Zeros
    assert type(init.deserialize({"class_name": "HeNormal", "config": {}})) is init.HeNormal


def test_patch_reaches_the_defaults_of_layers_and_ends():
    with init.patch():
        layer = keras.layers.LSTM(4)
    assert type(layer.cell.kernel_initializer) is init.GlorotUniform
    assert type(layer.cell.recurrent_initializer) is init.Orthogonal
    found = []
    with init.patch():
        thread = threading.Thread(target=lambda: found.append(keras.layers.Dense(2)))
        thread.start()
        thread.join()
    with pytest.raises(KeyError), init.patch():
        raise KeyError
    found.append(keras.layers.Dense(2))
    assert {type(each.kernel_initializer) for each in found} == {theirs.GlorotUniform}


# Backends ---------------------------------------------------------------------------------------

MODEL = """
import sys
import keras, numpy as np
from agnostic_init.compat import keras as init
keras.utils.set_random_seed(0)
tokens = keras.Input((6,), dtype="int32")
image = keras.Input((8, 8, 3))
generator = keras.random.SeedGenerator(9)
x = keras.layers.Embedding(20, 8, embeddings_initializer=init.RandomUniform(seed=1))(tokens)
x = keras.layers.LSTM(8, kernel_initializer=init.GlorotUniform(seed=2),
                      recurrent_initializer=init.Orthogonal(seed=3))(x)
y = keras.layers.Conv2D(4, 3, kernel_initializer=init.HeNormal(seed=generator))(image)
y = keras.layers.Conv2D(4, 3, kernel_initializer=init.HeNormal(seed=generator))(y)
y = keras.layers.GlobalAveragePooling2D()(y)
z = keras.layers.Concatenate()([x, y])
with init.patch():
    out = keras.layers.Dense(1, kernel_initializer=init.TruncatedNormal(stddev=0.3, seed=4))(z)
model = keras.Model([tokens, image], out)
weights = [keras.ops.convert_to_numpy(w) for w in model.weights]
rng = np.random.default_rng(0)
inputs = [rng.integers(0, 20, (32, 6)), rng.normal(size=(32, 8, 8, 3)).astype("float32")]
target = rng.normal(size=(32, 1)).astype("float32")
output = keras.ops.convert_to_numpy(model(inputs))
if keras.config.backend() != "numpy":
    model.compile("adam", "mse")
    model.optimizer.learning_rate = 0.02
    losses = model.fit(inputs, target, batch_size=32, epochs=6, verbose=0).history["loss"]
    assert losses[-1] < losses[0], losses
if keras.config.backend() == "jax":
    import jax
    made = init.RandomNormal(seed=generator)

    def draw(state):
        with keras.StatelessScope(state_mapping=[(generator.state, state)]):
            return made((4, 4))

    traced = jax.jit(draw)(np.array([9, 0], np.uint32))
    np.testing.assert_array_equal(traced, init.RandomNormal(seed=9)((4, 4)))
    made = init.Orthogonal(seed=generator)
    traced = jax.jit(lambda state: draw(state))(np.array([9, 0], np.uint32))
    np.testing.assert_allclose(traced, init.Orthogonal(seed=9)((4, 4)), atol=1e-6)
np.savez(sys.argv[1], *weights, output=output)
"""


def weights_of(backend, folder):
    path = Path(folder, f"{backend}.npz")
    done = subprocess.run(
        [sys.executable, "-c", MODEL, str(path)],
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return dict(np.load(path))


@pytest.mark.slow
def test_layers_train_and_weights_are_the_same_on_every_backend(tmp_path):
    backends = [name for name in ("torch", "jax") if importlib.util.find_spec(name)]
    reference = weights_of("numpy", tmp_path)
    for backend in backends:
        for name, value in weights_of(backend, tmp_path).items():
            np.testing.assert_allclose(value, reference[name], atol=1e-5)
            if value.shape not in {(8, 32), (32, 1)}:  # orthogonal, and the output
                np.testing.assert_array_equal(value, reference[name])
