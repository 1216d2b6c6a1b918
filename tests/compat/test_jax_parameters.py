"""The faces of JAX: parameters are values and are checked at once; keys of every kind are their own."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.arrays.errors import ParameterError, ParameterTypeError

jax = pytest.importorskip("jax")
jnp = jax.numpy

from agnostic_init.compat import jax as initializers


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: initializers.normal("1"), "`stddev` must be a real number, got '1'"),
        (lambda: initializers.normal(np.inf), "`stddev` must be finite, got inf"),
        (lambda: initializers.normal(jnp.asarray([1.0, np.nan])), "`stddev` must have finite"),
        (lambda: initializers.normal(True), "`stddev` must be a real number, got True"),
        (lambda: initializers.uniform(np.nan), "`scale` must be finite, got nan"),
        (lambda: initializers.uniform(1j), "`scale` must be a real number"),
        (lambda: initializers.truncated_normal("1"), "`stddev` must be a real number"),
        (lambda: initializers.truncated_normal(1.0, lower=2, upper=-2), "`lower` must be less"),
        (lambda: initializers.truncated_normal(1.0, lower=np.nan), "`lower` must not be NaN"),
        (lambda: initializers.truncated_normal(1.0, upper="2"), "`upper` must be a real number"),
        (lambda: initializers.variance_scaling("1", "fan_in", "normal"), "`scale` must be a real"),
        (lambda: initializers.variance_scaling(np.inf, "fan_in", "normal"), "`scale` must be fin"),
        (lambda: initializers.orthogonal("1"), "`scale` must be a real number, got '1'"),
        (lambda: initializers.delta_orthogonal(np.nan), "`scale` must be finite"),
        (lambda: initializers.orthogonal(column_axis=1.5), "`column_axis` must be an integer"),
        (lambda: initializers.he_normal(in_axis="x"), "`in_axis` must be an integer or a seq"),
        (lambda: initializers.lecun_normal(batch_axis=(0, None)), "`batch_axis` must be an int"),
        (lambda: initializers.normal(dtype="foo"), "`dtype` must be a dtype of JAX, or None"),
        (
            lambda: initializers.orthogonal(dtype=3),
            "`dtype` must be a dtype of JAX, or None, got 3",
        ),
        (lambda: initializers.constant("1"), "`value` must be a number or an array of numbers"),
    ],
)
def test_bad_parameters_are_refused_when_it_is_built(call, words):
    with pytest.raises((ParameterError, ParameterTypeError)) as caught:
        call()
    assert words in str(caught.value)


ARRAYS = {
    "constant": (initializers.constant, (3,)),
    "normal": (initializers.normal, (2, 3)),
    "uniform": (initializers.uniform, (2, 3)),
    "truncated": (initializers.truncated_normal, (2, 3)),
    "scaled": (lambda x: initializers.variance_scaling(x, "fan_in", "normal"), (2, 3)),
    "orthogonal": (initializers.orthogonal, (2, 3)),
}


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("kind", [np.asarray, jnp.asarray], ids=["numpy", "jax"])
def test_arrays_as_parameters_are_values(name, kind):
    factory, shape = ARRAYS[name]
    given = np.array([1.0, 2.0, 3.0], np.float32)
    init = factory(kind(given))
    assert hash(init) == hash(factory(kind(given)))
    assert init == factory(kind(given))
    assert init != factory(kind(given + 1))
    before = np.asarray(init(jax.random.key(0), shape))
    if kind is np.asarray:
        given[:] = 7
        assert (np.asarray(init(jax.random.key(0), shape)) == before).all()
    jitted = jax.jit(lambda init, key: init(key, shape), static_argnums=0)
    np.testing.assert_allclose(jitted(init, jax.random.key(0)), before, rtol=1e-5, atol=1e-6)


def test_a_scalar_array_is_a_static_argument():
    jitted = jax.jit(lambda init, key: init(key, (3,)), static_argnums=0)
    made = jitted(initializers.normal(jnp.asarray(0.1)), jax.random.key(0))
    assert (made == initializers.normal(float(np.float32(0.1)))(jax.random.key(0), (3,))).all()


def test_the_names_that_flax_has():
    assert initializers.zeros_init()(None, (2,)).tolist() == [0, 0]
    assert initializers.ones_init()(None, (2,)).tolist() == [1, 1]


@pytest.mark.parametrize("kind", ["threefry2x32", "rbg", "unsafe_rbg"])
def test_keys_of_every_kind_under_vmap_are_those_of_the_loop(kind):
    keys = jax.random.split(jax.random.key(3, impl=kind), 4)
    init = initializers.normal(1.0)
    several = jax.vmap(lambda key: init(key, (5,)))(keys)
    alone = jnp.stack([init(key, (5,)) for key in keys])
    assert (several == alone).all()
    assert len(np.unique(several)) == several.size
    ours = jax.vmap(lambda key: ai.normal()((5,), key=key, xp=jnp))(keys)
    assert (ours == jnp.stack([ai.normal()((5,), key=key, xp=jnp) for key in keys])).all()
    assert (ours == several).all()


@pytest.mark.parametrize("kind", ["rbg", "unsafe_rbg"])
def test_raw_words_of_such_a_key(kind):
    typed = jax.random.key(3, impl=kind)
    with jax.default_prng_impl(kind):
        raw = ai.key(jax.random.key_data(typed))
    assert raw == ai.key(typed)


@pytest.mark.parametrize(
    "made",
    [
        lambda x: initializers.normal()(jax.random.key(0), x.shape),
        lambda x: initializers.zeros(None, x.shape),
        lambda x: ai.normal()(x.shape, key=0, like=x),
        lambda x: ai.zeros()(x.shape[0], like=x),
        lambda x: ai.draws.uniform((2, *x.shape), key=0, xp=jnp),
    ],
    ids=["normal", "zeros", "ours", "our zeros", "draws"],
)
def test_symbolic_dimensions_are_refused_in_words(made):
    from jax import export

    (n,) = export.symbolic_shape("n")
    argument = jax.ShapeDtypeStruct((n, 3), jnp.float32)
    words = "`shape` must be an integer .* try: numbers, in a program for each shape"
    with pytest.raises(ParameterTypeError, match=words):
        export.export(jax.jit(made))(argument)


def test_a_constant_on_a_mesh(on_devices_of_jax):
    on_devices_of_jax("""
import jax, jax.numpy as jnp, numpy as np
from jax.sharding import NamedSharding, PartitionSpec as P
import agnostic_init as ai
from agnostic_init.compat import jax as initializers

for mesh in (jax.make_mesh((4,), ("x",)), jax.sharding.Mesh(np.array(jax.devices()), ("x",))):
    like = jax.device_put(jnp.zeros((8, 4)), NamedSharding(mesh, P("x")))
    values = np.arange(32.0).reshape(8, 4)
    for init in (ai.constant(values), ai.constant(2), ai.normal(), ai.identity(), ai.orthogonal()):
        made = init((8, 4), key=0, like=like)
        assert made.sharding.is_equivalent_to(like.sharding, 2), (init, made.sharding)
        assert (np.asarray(made) == np.asarray(init((8, 4), key=0, xp=jnp))).all(), init
mesh = jax.make_mesh((4,), ("x",))
if hasattr(jax, "set_mesh"):
    with jax.set_mesh(mesh):
        for init in (ai.normal(), ai.zeros(), ai.orthogonal(), ai.constant(values)):
            made = init((8, 4), key=0, xp=jnp)
            jax.device_put(made, NamedSharding(mesh, P("x")))
            placed = jax.jit(lambda x: x * 2)(made)
        made = initializers.normal()(jax.random.key(0), (8, 4), jnp.float32)
        jax.sharding.reshard(made, NamedSharding(mesh, P("x")))
""")


@pytest.mark.parametrize(
    ("factory", "name"),
    [
        (initializers.constant, "value"),
        (initializers.normal, "stddev"),
        (initializers.uniform, "scale"),
        (initializers.truncated_normal, "stddev"),
        (lambda x: initializers.variance_scaling(x, "fan_in", "normal"), "scale"),
        (initializers.orthogonal, "scale"),
    ],
)
@pytest.mark.parametrize("value", [np.arange(3.0), np.ones((1, 2, 2))])
def test_an_array_that_does_not_broadcast_is_refused_in_words(factory, name, value):
    init = factory(value)
    words = f"`{name}` must broadcast to the shape (2, 2), got {value.shape}"
    with pytest.raises(ParameterError) as caught:
        init(jax.random.key(0), (2, 2))
    assert words in str(caught.value)
    with pytest.raises(ParameterError, match="must broadcast"):
        jax.jit(lambda x: factory(x)(jax.random.key(0), (2, 2)))(value)


@pytest.mark.parametrize(
    ("init", "words"),
    [
        (
            initializers.orthogonal(column_axis=2),
            "`column_axis` must be an axis of the shape (2, 3)",
        ),
        (
            initializers.he_normal(in_axis=-3),
            "`in_axis` must be an axis of the shape (2, 3), got -3",
        ),
        (initializers.lecun_normal(out_axis=(0, 5)), "`out_axis` must be an axis of"),
        (initializers.glorot_uniform(batch_axis=2), "`batch_axis` must be an axis of"),
    ],
)
def test_an_axis_that_a_shape_has_not_is_refused_in_words(init, words):
    with pytest.raises(ParameterError) as caught:
        init(jax.random.key(0), (2, 3))
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("value", "dtype", "words"),
    [
        (1j, "float32", "`value` must be real for dtype float32"),
        (np.array([0.0, 1j]), "bfloat16", "`value` must be real for dtype bfloat16"),
        (1e39, "float32", "`value` must be at most 3.40282e+38, the largest float32"),
        (300, "uint8", "`value` must be from 0 to 255 for dtype uint8"),
        (0.5, "int32", "`value` must be an integer for dtype int32"),
    ],
)
def test_a_constant_that_the_dtype_cannot_hold_is_refused(value, dtype, words):
    with pytest.raises(ParameterError) as caught:
        initializers.constant(value)(None, (2,), dtype)
    assert words in str(caught.value)


@pytest.mark.parametrize("value", [object(), None, [], "1"], ids=["object", "none", "list", "text"])
def test_a_constant_that_is_no_number_is_refused_when_it_is_built(value):
    with pytest.raises((ParameterError, ParameterTypeError), match="`value` must"):
        initializers.constant(value)


@pytest.mark.parametrize("kind", [float, np.asarray, lambda x: np.array([x, x])])
@pytest.mark.parametrize(
    ("value", "dtype", "expected"),
    [
        (1 + 2**-11 + 2**-40, "float16", 1.0),
        (1 + 2**-8 + 2**-40, "bfloat16", 1.0),
        (1 + 2**-4 + 2**-40, "float8_e4m3fn", 1.0),
    ],
)
def test_a_small_constant_is_the_float32_rounded_once(value, dtype, expected, kind):
    init = initializers.constant(kind(value))
    for make in (init, jax.jit(init, static_argnums=(1, 2))):
        made = make(None, (2,), jnp.dtype(dtype))
        assert made.astype("float32").tolist() == [expected, expected]


def test_an_array_that_a_program_has_taken_is_not_read():
    given = jnp.ones(3)
    given.delete()
    for read in (ai.fingerprint, ai.constant, initializers.constant, ai.class_prior):
        with pytest.raises(
            (ParameterError, ParameterTypeError), match=r"without values|must have values"
        ):
            read(given)


def test_a_constant_is_what_jax_takes_for_one():
    assert initializers.constant(True)(None, (2,), bool).all()
    assert initializers.constant([1, 2])(None, (2,)).tolist() == [1.0, 2.0]
    assert initializers.constant(1j)(None, (1,), "complex64").tolist() == [1j]
    assert jax.jit(lambda x: initializers.constant(x)(None, (1,)))(3.0).tolist() == [3.0]


@pytest.mark.parametrize(
    ("init", "dtype", "words"),
    [
        (initializers.normal(-3.4e38), "float32", "`std` must keep every value below"),
        (initializers.normal(np.array([1e39, 1.0])), "float32", "`std` must be within the range"),
        (initializers.normal(np.array([1e5, 1.0])), "float16", "`std` must keep every value below"),
        (initializers.uniform(np.array([1e5, 1.0])), "float16", "`high` must make a range"),
        (
            initializers.variance_scaling(np.array([1e99, 1.0]), "fan_in", "normal"),
            "float32",
            "`scale` must make values",
        ),
        (initializers.orthogonal(np.array([7e4, 1.0])), "float16", "`gain` must be at most 32752"),
        (initializers.orthogonal(np.array([1.0, -3e38])), "float32", "`gain` must be at most"),
    ],
)
def test_factors_of_values_that_the_dtype_cannot_hold_are_refused(init, dtype, words):
    with pytest.raises(ParameterError) as caught:
        init(jax.random.key(0), (2, 2), dtype)
    assert words in str(caught.value)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize(
    "factory", [initializers.normal, initializers.uniform, initializers.truncated_normal]
)
def test_a_negative_factor_turns_the_signs(factory, dtype):
    key = jax.random.key(0)
    made, turned = (factory(x)(key, (50,), dtype) for x in (0.5, -0.5))
    assert np.array_equal(np.asarray(made), -np.asarray(turned))


@pytest.mark.parametrize("dtype", [{}, "U3", [("a", "f4")], object, 3, "datetime64[s]"], ids=str)
def test_what_is_no_dtype_is_refused_in_a_call_too(dtype):
    for init in (initializers.zeros, initializers.normal(), initializers.orthogonal()):
        with pytest.raises(ParameterTypeError, match="`dtype` must be a dtype of JAX, or None"):
            init(jax.random.key(0), (2, 2), dtype)
    with pytest.raises(ParameterTypeError, match="`dtype` must be a dtype of JAX, or None"):
        initializers.normal(dtype=dtype)


@pytest.mark.parametrize("number", [Decimal("0.5"), Fraction(1, 2), np.float32(0.5)], ids=repr)
@pytest.mark.parametrize("sign", [1, -1])
def test_a_factor_is_any_real_number(number, sign):
    key = jax.random.key(0)
    for factory in (initializers.normal, initializers.uniform, initializers.orthogonal):
        made, same = factory(sign * number)(key, (2, 2)), factory(sign * 0.5)(key, (2, 2))
        assert np.array_equal(made, same)
    made, same = (
        initializers.variance_scaling(x, "fan_in", "normal")(key, (2, 2)) for x in (number, 0.5)
    )
    assert np.array_equal(made, same)
