"""Libraries on JAX in a block of `patch`: what they captured before it draws this package's values."""

from __future__ import annotations

import numpy as np
import pytest

import agnostic_init as ai

jax = pytest.importorskip("jax")
import jax.numpy as jnp

from agnostic_init.arrays.errors import ParameterError, ParameterTypeError
from agnostic_init.compat import jax as faces
from agnostic_init.compat.jax import sampling

KEY = jax.random.key(0)
CAPTURED = {  # by JAX, before any block
    "lecun_normal": jax.nn.initializers.lecun_normal(),
    "he_uniform": jax.nn.initializers.he_uniform(),
    "glorot_normal": jax.nn.initializers.glorot_normal(),
    "normal": jax.nn.initializers.normal(),
    "truncated_normal": jax.nn.initializers.truncated_normal(),
    "uniform": jax.nn.initializers.uniform(),
    "orthogonal": jax.nn.initializers.orthogonal(),
}


@pytest.mark.parametrize("name", CAPTURED)
@pytest.mark.parametrize("jitted", [False, True], ids=["eager", "jit"])
def test_what_was_made_before_has_our_values(name, jitted):
    made = jax.jit(CAPTURED[name], static_argnums=1) if jitted else CAPTURED[name]
    before = made(KEY, (64, 32))
    ours = getattr(faces, name)()(KEY, (64, 32))
    with faces.patch():
        within = made(KEY, (64, 32))
    np.testing.assert_allclose(within, ours, rtol=2e-6, atol=1e-6)
    assert not np.allclose(within, before, atol=1e-3)
    assert (np.asarray(made(KEY, (64, 32))) == np.asarray(before)).all()


def test_a_program_compiled_in_a_block_is_compiled_again_after_it():
    draw = jax.jit(lambda key: jax.random.normal(key, (8,)))
    with faces.patch():
        within = np.asarray(draw(KEY))
    assert within.tobytes() == ai.draws.normal((8,), key=KEY).tobytes()
    assert (np.asarray(draw(KEY)) == np.asarray(jax.random.normal(KEY, (8,)))).all()
    with faces.patch():
        assert np.asarray(draw(KEY)).tobytes() == within.tobytes()


SAMPLED = {
    "normal": (lambda: jax.random.normal(KEY, (5, 3)), ai.normal()),
    "bfloat16": (lambda: jax.random.normal(KEY, (5, 3), jnp.bfloat16), ai.normal()),
    "complex": (lambda: jax.random.normal(KEY, (5, 3), jnp.complex64), ai.normal()),
    "uniform": (lambda: jax.random.uniform(KEY, (5, 3)), ai.uniform()),
    "bounds": (lambda: jax.random.uniform(KEY, (5, 3), minval=-0.1, maxval=0.1), ai.uniform(-0.1, 0.1)),
    "truncated": (
        lambda: jax.random.truncated_normal(KEY, -1, 3, (5, 3)),
        ai.truncated_normal(lower=-1, upper=3),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SAMPLED)
def test_samplers_have_the_bits_of_the_initializers(name):
    sample, init = SAMPLED[name]
    with faces.patch():
        found = np.asarray(sample())
    dtype = found.dtype.name
    ours = np.asarray(init((5, 3), key=KEY, xp=jnp, dtype=dtype))
    assert (found.dtype, found.tobytes()) == (ours.dtype, ours.tobytes())


def test_bounds_that_are_arrays_traced_or_equal():
    ends = jnp.array([1.0, 2.0, 3.0])
    with faces.patch():
        between = jax.random.uniform(KEY, (1000, 3), minval=-ends, maxval=ends)
        equal = jax.random.uniform(KEY, (4,), minval=2.0, maxval=2.0)
        traced = jax.jit(lambda a: jax.random.uniform(KEY, (1000,), maxval=a))(5.0)
        cut = jax.random.truncated_normal(KEY, -ends, ends / 2, (1000, 3))
        alone = jax.random.truncated_normal(KEY, -ends, ends)
    assert (abs(between) <= ends).all()
    np.testing.assert_allclose(between.std(0), ends / np.sqrt(3), rtol=0.05)
    assert (equal == 2).all()
    np.testing.assert_allclose(traced, 5 * ai.draws.uniform((1000,), key=KEY), rtol=1e-6)
    assert ((cut >= -ends) & (cut <= ends / 2)).all()
    np.testing.assert_allclose(cut.mean(0), [-0.2296, -0.2761, -0.1335], atol=0.1)
    assert alone.shape == (3,)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: jax.random.normal(KEY, (2,), jnp.int32),
        lambda: jax.random.uniform(KEY, (2,), jnp.complex64),
        lambda: jax.random.truncated_normal(KEY, -1, 1, (2,), jnp.int8),
        lambda: jax.random.orthogonal(KEY, 2, (), jnp.int8),
    ],
    ids=["normal", "uniform", "truncated", "orthogonal"],
)
def test_dtypes_are_refused_in_jaxs_words(draw):
    with pytest.raises(ValueError, match="dtype") as theirs:
        draw()
    with faces.patch(), pytest.raises(ValueError, match="dtype") as ours:
        draw()
    assert str(ours.value) == str(theirs.value)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: jax.random.bernoulli(KEY, 0.5, (1003,)),
        lambda: jax.random.exponential(KEY, (7,)),
        lambda: jax.random.permutation(KEY, 9),
    ],
    ids=["bernoulli", "exponential", "permutation"],
)
def test_what_else_jax_draws_stays_as_it_is(draw):
    with faces.patch():
        within = np.asarray(draw())
    assert (within == np.asarray(draw())).all()


# Layers, whose defaults were captured when their libraries were imported -------------------------


def linen_kernel():
    linen = pytest.importorskip("flax.linen")
    return linen.Dense(64).init(KEY, jnp.ones((1, 400)))["params"]["kernel"]


def linen_convolution():
    linen = pytest.importorskip("flax.linen")
    return linen.Conv(32, (3, 3)).init(KEY, jnp.ones((1, 8, 8, 40)))["params"]["kernel"]


def linen_embedding():
    linen = pytest.importorskip("flax.linen")
    return linen.Embed(400, 64).init(KEY, jnp.ones((1,), jnp.int32))["params"]["embedding"]


def nnx_kernel():
    nnx = pytest.importorskip("flax.nnx")
    return nnx.Linear(400, 64, rngs=nnx.Rngs(0)).kernel[...]


def nnx_kernel_under_jit():
    nnx = pytest.importorskip("flax.nnx")
    return nnx.jit(lambda: nnx.Linear(400, 64, rngs=nnx.Rngs(0)))().kernel[...]


def nnx_embedding():
    nnx = pytest.importorskip("flax.nnx")
    return nnx.Embed(400, 64, rngs=nnx.Rngs(0)).embedding[...]


def equinox_weight():
    equinox = pytest.importorskip("equinox")
    return equinox.nn.Linear(400, 64, key=KEY).weight


def equinox_convolution():
    equinox = pytest.importorskip("equinox")
    return equinox.nn.Conv2d(40, 32, 3, key=KEY).weight


def equinox_embedding():
    equinox = pytest.importorskip("equinox")
    return equinox.nn.Embedding(400, 64, key=KEY).weight


def equinox_gates():
    equinox = pytest.importorskip("equinox")
    return equinox.nn.GRUCell(64, 100, key=KEY).weight_ih


LAYERS = {  # and the standard deviation of their weights
    linen_kernel: 400**-0.5,
    linen_convolution: 360**-0.5,
    linen_embedding: 64**-0.5,
    nnx_kernel: 400**-0.5,
    nnx_kernel_under_jit: 400**-0.5,
    nnx_embedding: 64**-0.5,
    equinox_weight: (3 * 400) ** -0.5,
    equinox_convolution: (3 * 360) ** -0.5,
    equinox_embedding: 1.0,
    equinox_gates: (3 * 100) ** -0.5,
}


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.__name__)
def test_the_defaults_of_layers(layer, monkeypatch):
    theirs = np.asarray(layer())
    drawn = []
    real = sampling.drawn
    monkeypatch.setattr(sampling, "drawn", lambda *args: drawn.append(args) or real(*args))
    with faces.patch():
        ours = np.asarray(layer())
    assert len(drawn) >= 1
    assert ours.shape == theirs.shape
    assert abs(ours - theirs).max() > 0.1 * LAYERS[layer]
    assert ours.std() == pytest.approx(LAYERS[layer], rel=0.02)
    assert (np.asarray(layer()) == theirs).all()


# Initializers of this package where JAX's are asked for -------------------------------------------


def test_initializers_in_layers_of_flax():
    linen, nnx = pytest.importorskip("flax.linen"), pytest.importorskip("flax.nnx")
    init = ai.he_normal("keras")
    dense = linen.Dense(16, kernel_init=init, bias_init=ai.constant(0.5))
    made = dense.init(KEY, jnp.ones((1, 8)))["params"]
    assert made["kernel"].std() == pytest.approx((2 / 8) ** 0.5, rel=0.2)
    assert (made["bias"] == 0.5).all()
    layer = nnx.Linear(8, 16, kernel_init=init, rngs=nnx.Rngs(params=KEY))
    assert layer.kernel[...].shape == (8, 16)
    assert nnx.eval_shape(lambda: nnx.Linear(8, 16, kernel_init=init, rngs=nnx.Rngs(0)))


@pytest.mark.parametrize("dtype", [None, jnp.bfloat16, "float16"])
def test_a_key_of_jax_first(dtype):
    for init in (ai.he_normal("keras"), ai.orthogonal(), ai.sparse(0.5), ai.zeros()):
        given = () if dtype is None else (dtype,)
        made = init(KEY, (6, 4), *given)
        assert isinstance(made, jax.Array)
        expected = init((6, 4), key=KEY, xp=jnp, dtype=dtype)
        assert made.dtype == expected.dtype
        assert (made == expected).all()
        assert (init(KEY, (6, 4), dtype=dtype) == expected).all()
        raw = jax.random.PRNGKey(0)
        assert (init(raw, (6, 4), dtype=dtype) == expected).all()
    drawn = jax.jit(lambda key: ai.normal()(key, (3,)))(KEY)
    assert (drawn == ai.normal()((3,), key=KEY, xp=jnp)).all()


@pytest.mark.parametrize(
    "call",
    [
        lambda init: init((3,), 0),
        lambda init: init(0, (3,)),
        lambda init: init(np.random.default_rng(0), (3,)),
        lambda init: init(KEY, (3,), key=0),
        lambda init: init(KEY, (3,), jnp.float32, dtype="float16"),
        lambda init: init(KEY, (3,), jnp.float32, None, None),
    ],
    ids=["shape first", "number", "numpy", "two keys", "two dtypes", "too many"],
)
def test_other_calls_without_names_are_refused(call):
    words = "`shape` must be the only argument without a name, unless a key of JAX comes before"
    with pytest.raises((ParameterError, ParameterTypeError), match=words):
        call(ai.normal())
