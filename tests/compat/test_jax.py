"""The contract of jax.nn.initializers, by its documentation and beside JAX's own factories.

Samples are of fixed keys. Each Kolmogorov-Smirnov test raises a false alarm for 1 key in 10,000.
"""

from __future__ import annotations

import functools
import inspect
import math
import pickle

import numpy as np
import pytest
from scipy import stats

import agnostic_init as ai

jax = pytest.importorskip("jax")
import jax.numpy as jnp

from agnostic_init.compat import jax as init

theirs = jax.nn.initializers
ALARM = 1e-4
NAMES = [name for name in vars(theirs) if not name.startswith("_") and name != "annotations"]
FACTORIES = {
    "uniform": init.uniform(),
    "normal": init.normal(),
    "truncated_normal": init.truncated_normal(),
    "glorot_uniform": init.glorot_uniform(),
    "glorot_normal": init.glorot_normal(),
    "lecun_uniform": init.lecun_uniform(),
    "lecun_normal": init.lecun_normal(),
    "he_uniform": init.he_uniform(),
    "he_normal": init.he_normal(),
    "fan_geo_avg": init.variance_scaling(1, "fan_geo_avg", "normal"),
}
KEY = jax.random.key(0)


def fits(values, distribution, *args):
    sample = np.asarray(values, np.float64).ravel()
    return stats.kstest(sample, distribution, args=args)[1] > ALARM


def bits(array):
    array = np.asarray(array)
    return array.dtype, array.shape, array.tobytes()


def test_every_name_is_there():
    assert set(NAMES) <= set(init.__all__)


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"Initializer", "zeros", "ones"}))
def test_factories_have_the_same_signature(name):
    ours, others = (inspect.signature(getattr(m, name)).parameters for m in (init, theirs))
    assert list(ours) == list(others)
    assert [p.default for p in ours.values()] == [p.default for p in others.values()]


@pytest.mark.parametrize("made", [init.zeros, init.ones, init.constant(3), *FACTORIES.values()])
def test_initializers_are_initializers(made):
    assert isinstance(made, theirs.Initializer)
    names = list(inspect.signature(made).parameters)
    assert names == ["key", "shape", "dtype", "out_sharding"]
    assert isinstance(hash(made), int)
    assert pickle.loads(pickle.dumps(made)) == made


@pytest.mark.parametrize("name", FACTORIES)
@pytest.mark.parametrize("shape", [(2, 2), (2, 3, 4), (2, 3, 4, 5)])
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16, jnp.float16, jnp.complex64])
def test_shapes_and_dtypes(name, shape, dtype):
    if name in {"uniform", "truncated_normal"} and dtype == jnp.complex64:
        pytest.skip("real in JAX")
    for made in (
        FACTORIES[name](KEY, shape, dtype),
        FACTORIES[name](jax.random.PRNGKey(0), shape, dtype),
    ):
        assert made.shape == shape
        assert made.dtype == dtype
        assert np.isfinite(np.asarray(made, np.complex64)).all()


def test_the_dtype_of_the_factory_of_the_call_and_of_neither():
    made = init.normal(1.0, jnp.bfloat16)
    assert made(KEY, (2,)).dtype == jnp.bfloat16
    assert made(KEY, (2,), jnp.float16).dtype == jnp.float16
    assert made(KEY, (2,), None).dtype == jnp.float32
    assert init.normal(jnp.array(1.0), jnp.bfloat16)(KEY, (2,)).dtype == jnp.bfloat16
    assert init.constant(2, jnp.int32)(KEY, (2,)).dtype == jnp.int32
    assert init.zeros(KEY, (2,)).dtype == jnp.float32


# Distributions ----------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(50,), (40, 30)])
def test_given_parameters(shape):
    assert fits(init.uniform(10.0)(KEY, shape), "uniform", 0, 10)
    assert fits(init.normal(5.0)(KEY, shape), "norm", 0, 5)
    values = init.truncated_normal(0.5, lower=-1, upper=3)(KEY, shape)
    assert fits(values, "truncnorm", -1, 3, 0, 0.5)
    for made in (init.uniform, init.normal, init.truncated_normal):
        assert made().__class__ is made
        assert abs(made()(KEY, shape)).max() < 0.06  # the scale of all is 0.01


AXES = [
    ((30, 40), {}, 30, 40),
    ((5, 3, 8, 16), {}, 120, 240),
    ((12, 30, 40), {"batch_axis": 0}, 30, 40),
    ((32, 4, 16), {"in_axis": 0, "out_axis": (1, 2)}, 32, 64),
    ((2, 3, 40, 50), {"in_axis": (0, 1), "out_axis": (-2, -1)}, 6, 2000),
    ((2, 30, 4, 50), {"in_axis": 0, "out_axis": (2, 3), "batch_axis": 1}, 2, 200),
]


@pytest.mark.parametrize(("shape", "axes", "fan_in", "fan_out"), AXES)
@pytest.mark.parametrize("mode", ["fan_in", "fan_out", "fan_avg", "fan_geo_avg"])
@pytest.mark.parametrize("distribution", ["normal", "truncated_normal", "uniform"])
def test_variance_scaling(shape, axes, fan_in, fan_out, mode, distribution):
    fan = {
        "fan_in": fan_in,
        "fan_out": fan_out,
        "fan_avg": (fan_in + fan_out) / 2,
        "fan_geo_avg": math.sqrt(fan_in * fan_out),
    }[mode]
    std = math.sqrt(2 / fan)
    parameters = (2.0, mode, distribution)
    values = init.variance_scaling(*parameters, **axes)(KEY, shape)
    parent = std / 0.87962566103423978
    expected = {
        "normal": ("norm", 0, std),
        "truncated_normal": ("truncnorm", -2, 2, 0, parent),
        "uniform": ("uniform", -std * math.sqrt(3), 2 * std * math.sqrt(3)),
    }[distribution]
    assert fits(values, *expected)
    if (mode, distribution) != ("fan_avg", "truncated_normal"):
        return
    # JAX's own: the std of n values of a kurtosis up to 3 is known to 1 / sqrt(2 n); 6 of these.
    other = theirs.variance_scaling(*parameters, **axes)(KEY, shape)
    assert abs(float(values.std() / other.std()) - 1) < 2 * 6 / math.sqrt(2 * values.size)


def test_a_weight_of_one_axis():
    assert init.lecun_normal(in_axis=0)(KEY, (64,)).shape == (64,)


# Where JAX is wrong -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", FACTORIES)
def test_small_dtypes_are_float32_rounded(name):
    single = FACTORIES[name](KEY, (64, 64), jnp.float32)
    for dtype in (jnp.bfloat16, jnp.float16, jnp.float8_e4m3fn, jnp.float8_e5m2):
        small = FACTORIES[name](KEY, (64, 64), dtype)
        expected = single.astype(dtype)
        same = small.astype(jnp.float32) == expected.astype(jnp.float32)
        # Rounding does not step over a bound: those differ by one unit, and few are near one.
        assert same.mean() > 0.9
        assert not jnp.isnan(small.astype(jnp.float32)).any()


def test_bfloat16_has_tails():
    values = np.asarray(init.normal(1.0)(KEY, (1_000_000,), jnp.bfloat16), np.float32)
    assert np.abs(values).max() > 4
    assert len(np.unique(values)) > 1000


@pytest.mark.parametrize("distribution", ["normal", "truncated_normal", "uniform"])
def test_complex_variance(distribution):
    made = init.variance_scaling(1.0, "fan_in", distribution)
    values = np.asarray(made(KEY, (400, 500), jnp.complex64))
    # 200,000 squared moduli of std at most their mean: 4 stds of the mean are 0.9 %.
    assert abs((np.abs(values) ** 2).mean() * 400 - 1) < 0.009


@pytest.mark.parametrize("shape", [(0, 4), (4, 0), (0, 0), (3, 0, 2)])
def test_no_elements(shape):
    for made in (*FACTORIES.values(), init.orthogonal(), init.zeros):
        assert made(KEY, shape).shape == shape


# Keys, and transformations ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("uniform", jnp.float32),
        ("normal", jnp.float32),
        ("truncated_normal", jnp.float32),
        ("glorot_uniform", jnp.float32),
        ("he_normal", jnp.bfloat16),
        ("normal", jnp.complex64),
        ("glorot_normal", jnp.complex64),
        ("glorot_uniform", jnp.complex64),
    ],
)
def test_jit_and_vmap_change_no_bit(name, dtype):
    made = functools.partial(FACTORIES[name], shape=(3, 5), dtype=dtype)
    keys = jax.random.split(KEY, 4)
    eager = jnp.stack([made(key) for key in keys])
    assert len({bits(each) for each in eager}) == 4
    tolerance = 3e-7 if dtype == jnp.complex64 and name != "normal" else 0  # right to rounding
    jitted = jax.jit(made)
    for transformed in (jax.vmap(made)(keys), jnp.stack([jitted(key) for key in keys])):
        if tolerance:
            np.testing.assert_allclose(transformed, eager, rtol=tolerance, atol=tolerance)
        else:
            assert bits(transformed) == bits(eager)


def test_a_key_is_our_key():
    one = init.he_normal()(KEY, (30, 40))
    assert bits(one) == bits(ai.he_normal(fan=(30, 40))((30, 40), key=KEY, xp=jnp))
    assert bits(init.normal(0.02)(KEY, (5,))) == bits(ai.normal(std=0.02)((5,), key=ai.key(KEY)))
    assert bits(init.orthogonal(2.0)(KEY, (3, 5))) == bits(ai.orthogonal(2.0)((3, 5), key=KEY))
    impl = jax.random.key(0, impl="rbg")
    assert bits(init.normal()(impl, (5,))) == bits(ai.normal(std=0.01)((5,), key=impl))


def test_the_same_key_twice_and_another_key():
    one, two = jax.random.split(KEY)
    made = init.glorot_uniform()
    assert bits(made(one, (4, 4))) == bits(made(one, (4, 4)))
    assert bits(made(one, (4, 4))) != bits(made(two, (4, 4)))


def test_a_traced_scale_and_its_gradient():
    for factory in (init.uniform, init.normal, init.truncated_normal):

        def total(scale, factory=factory):
            return factory(scale)(KEY, (64,)).sum()

        expected = factory(1.0)(KEY, (64,)).sum()
        assert abs(jax.grad(total)(0.5) - expected) < 1e-4
    made = jax.jit(lambda s: init.variance_scaling(s, "fan_in", "normal")(KEY, (8, 8)))(2.0)
    np.testing.assert_allclose(
        made, init.variance_scaling(2.0, "fan_in", "normal")(KEY, (8, 8)), rtol=1e-6
    )


@pytest.mark.parametrize("xp", [jnp, np], ids=["jax", "numpy"])
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16, jnp.complex64])
def test_a_scale_for_each_column(xp, dtype):
    scale = xp.asarray([1.0, 2.0, 3.0])
    for name in ("uniform", "normal", "truncated_normal"):
        factory = getattr(init, name)
        unit = np.asarray(factory(1.0)(KEY, (40, 3), dtype), np.complex64)
        made = factory(scale)(KEY, (40, 3), dtype)
        assert made.dtype == dtype
        tolerance = 1e-2 if dtype == jnp.bfloat16 else 1e-6
        np.testing.assert_allclose(np.asarray(made, np.complex64), unit * scale, rtol=tolerance)
    fans = init.variance_scaling(scale, "fan_in", "normal")(KEY, (40, 3), dtype)
    unit = np.asarray(init.variance_scaling(1.0, "fan_in", "normal")(KEY, (40, 3), dtype))
    expected = unit.astype(np.complex64) * np.sqrt(np.asarray(scale))
    tolerance = 2e-2 if dtype == jnp.bfloat16 else 1e-6
    np.testing.assert_allclose(np.asarray(fans, np.complex64), expected, rtol=tolerance)
    matrix = init.orthogonal(scale)(KEY, (5, 3))
    np.testing.assert_allclose(matrix, init.orthogonal()(KEY, (5, 3)) * scale, rtol=1e-6)


def test_a_scale_with_a_negative_number():
    with pytest.raises(ValueError, match="`scale` must not be negative"):
        init.variance_scaling(jnp.asarray([1.0, -1.0]), "fan_in", "normal")


@pytest.mark.parametrize("name", ["lower", "upper"])
def test_bounds_are_known_numbers(name):
    def draw(bound):
        return init.truncated_normal(**{name: bound})(KEY, (3,))

    assert bits(draw(jnp.asarray(0.5))) == bits(draw(0.5))
    for call in (lambda: jax.jit(draw)(0.5), lambda: draw(jnp.asarray([0.5, 0.5, 0.5]))):
        with pytest.raises(TypeError, match=f"`{name}` must be a number, neither traced nor an"):
            call()
    assert jax.jit(draw, static_argnums=0)(0.5).shape == (3,)


@pytest.mark.parametrize("scale", [0.0, -2.0])
def test_scales_that_are_not_positive(scale):
    for name in ("uniform", "normal", "truncated_normal"):
        values = getattr(init, name)(scale)(KEY, (9,))
        np.testing.assert_allclose(values, scale * getattr(init, name)(1.0)(KEY, (9,)), rtol=1e-6)
    assert not init.variance_scaling(0.0, "fan_in", "normal")(KEY, (3, 3)).any()


def test_64_bits():
    with jax.enable_x64(True):
        assert init.normal()(KEY, (3,)).dtype == jnp.float64
        values = init.he_normal()(KEY, (30, 40), jnp.float64)
        assert bits(values) == bits(ai.he_normal(fan=(30, 40))((30, 40), key=KEY, dtype="float64"))
        assert init.orthogonal()(KEY, (3, 3)).dtype == jnp.float64


# Refusals: what JAX itself says to the same call, in kind ---------------------------------------

REFUSED = {
    "rank 0": lambda m: m.glorot_normal()(KEY, ()),
    "rank 1": lambda m: m.variance_scaling(1.0, "fan_avg", "truncated_normal")(KEY, (5,)),
    "mode": lambda m: m.variance_scaling(1.0, "fan", "normal")(KEY, (5, 5)),
    "distribution": lambda m: m.variance_scaling(1.0, "fan_in", "gauss")(KEY, (5, 5)),
    "integers": lambda m: m.normal()(KEY, (5, 5), jnp.int32),
    "orthogonal, rank 1": lambda m: m.orthogonal()(KEY, (5,)),
    "delta, rank 2": lambda m: m.delta_orthogonal()(KEY, (5, 5)),
    "delta, rank 6": lambda m: m.delta_orthogonal()(KEY, (1,) * 6),
    "delta, fewer outputs": lambda m: m.delta_orthogonal()(KEY, (3, 5, 4)),
    "no key": lambda m: m.normal()(None, (5,)),
    "many keys": lambda m: m.normal()(jax.random.split(KEY), (5,)),
}


@pytest.mark.parametrize("call", REFUSED.values(), ids=REFUSED)
def test_errors_are_of_jaxs_kind(call):
    with pytest.raises(Exception) as reason:  # noqa: PT011
        call(theirs)
    with pytest.raises(type(reason.value)):
        call(init)


def test_the_words_that_jaxs_tests_look_for():
    with pytest.raises(ValueError, match="Can't compute input and output sizes of a 1-dimensional"):
        init.lecun_uniform()(KEY, (5,))


# Matrices ---------------------------------------------------------------------------------------


def gram(matrix):
    matrix = np.asarray(matrix, np.complex128)
    short = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    return short @ short.conj().T


@pytest.mark.parametrize(
    ("shape", "axis", "dtype", "tolerance"),
    [
        ((4, 4), -1, jnp.float32, 1e-5),
        ((3, 7), -1, jnp.float32, 1e-5),
        ((7, 3), 0, jnp.float32, 1e-5),
        ((2, 3, 8), 1, jnp.float32, 1e-5),
        ((3, 3, 4, 5), -1, jnp.complex64, 1e-5),
        ((3, 3, 4, 5), -1, jnp.bfloat16, 0.05),
        ((4, 7), -1, jnp.float16, 0.01),
    ],
)
def test_orthogonal(shape, axis, dtype, tolerance):
    made = functools.partial(init.orthogonal(1.5, axis), shape=shape, dtype=dtype)
    eager, traced = made(KEY), jax.jit(made)(KEY)
    for values in (eager, traced):
        assert values.shape == shape
        assert values.dtype == dtype
        matrix = np.moveaxis(np.asarray(values, np.complex64), axis, -1).reshape(-1, shape[axis])
        np.testing.assert_allclose(
            gram(matrix), 2.25 * np.eye(min(matrix.shape)), atol=2.25 * tolerance
        )
    np.testing.assert_allclose(
        np.asarray(eager, np.complex64), np.asarray(traced, np.complex64), atol=tolerance
    )


@pytest.mark.parametrize("shape", [(3, 4, 6), (3, 4, 5, 5), (2, 3, 4, 4, 4)])
def test_delta_orthogonal(shape):
    kernel = np.array(init.delta_orthogonal(2.0)(KEY, shape))
    middle = tuple((n - 1) // 2 for n in shape[:-2])
    np.testing.assert_allclose(gram(kernel[middle]), 4 * np.eye(shape[-2]), atol=1e-5)
    kernel[middle] = 0
    assert not kernel.any()


def test_matrices_under_vmap_and_with_a_traced_scale():
    keys = jax.random.split(KEY, 3)
    many = jax.vmap(lambda key: init.orthogonal()(key, (4, 6)))(keys)
    for key, one in zip(keys, many, strict=True):
        np.testing.assert_allclose(one, init.orthogonal()(key, (4, 6)), atol=1e-6)
    scaled = jax.jit(lambda s: init.orthogonal(s)(KEY, (4, 6)))(3.0)
    np.testing.assert_allclose(scaled, 3 * init.orthogonal()(KEY, (4, 6)), atol=1e-5)


# Shardings --------------------------------------------------------------------------------------

MANY_DEVICES = """
import jax, numpy as np
from jax.sharding import NamedSharding, PartitionSpec as P
from agnostic_init.compat import jax as init
assert len(jax.devices()) == 8
key, shape = jax.random.key(0), (16, 24)
mesh = jax.sharding.Mesh(np.array(jax.devices()).reshape(2, 4), ("x", "y"))
for spec in (P("x", "y"), P(None, "x")):
    sharding = NamedSharding(mesh, spec)
    for made in (init.he_normal(), init.constant(2), init.orthogonal()):
        whole = np.asarray(made(key, shape))
        eager = made(key, shape, out_sharding=sharding)
        traced = jax.jit(lambda k: made(k, shape, out_sharding=sharding))(key)
        pjit = jax.jit(lambda k: made(k, shape), out_shardings=sharding)(key)
        for array in (eager, traced, pjit):
            assert array.sharding.is_equivalent_to(sharding, 2), (made, array.sharding)
            if made == init.orthogonal():
                np.testing.assert_allclose(array, whole, atol=1e-6)
            else:
                np.testing.assert_array_equal(array, whole)
if hasattr(jax, "set_mesh"):
    for kind in ("Auto", "Explicit"):
        types = (getattr(jax.sharding.AxisType, kind),) * 2
        with jax.set_mesh(jax.make_mesh((2, 4), ("x", "y"), axis_types=types)):
            whole = init.normal()(key, shape)
            eager = init.normal()(key, shape, out_sharding=P("x", "y"))
            traced = jax.jit(lambda k: init.normal()(k, shape, out_sharding=P("x", "y")))(key)
            assert eager.sharding.spec == P("x", "y")
            assert traced.sharding.spec == P("x", "y")
            np.testing.assert_array_equal(np.asarray(eager), np.asarray(whole))
            np.testing.assert_array_equal(np.asarray(traced), np.asarray(whole))
"""


def test_a_sharding_of_one_device():
    mesh = jax.sharding.Mesh(np.array(jax.devices()[:1]), ("x",))
    sharding = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("x"))
    for made in (init.he_normal(), init.zeros, init.orthogonal()):
        array = made(KEY, (4, 4), out_sharding=sharding)
        assert array.sharding == sharding
        assert bits(array) == bits(made(KEY, (4, 4)))


@pytest.mark.slow
def test_shardings_of_many_devices(on_devices_of_jax):
    on_devices_of_jax(MANY_DEVICES, devices=8)


# Other people's code ----------------------------------------------------------------------------


def test_patch():
    before = {name: getattr(theirs, name) for name in NAMES}
    with init.patch():
        assert theirs.he_normal() == init.he_normal()
        assert bits(theirs.ones(KEY, (2,))) == bits(init.ones(KEY, (2,)))
    with pytest.raises(KeyError), init.patch():
        raise KeyError
    assert {name: getattr(theirs, name) for name in NAMES} == before


def train(apply, parameters):
    x = jax.random.normal(jax.random.key(1), (64, 8))
    y = jnp.sin(x.sum(-1, keepdims=True))

    @jax.jit
    def step(parameters):
        def loss(p):
            return ((apply(p, x) - y) ** 2).mean()

        value, gradients = jax.value_and_grad(loss)(parameters)
        return value, jax.tree.map(lambda p, g: p - 0.05 * g, parameters, gradients)

    losses = []
    for _ in range(20):
        value, parameters = step(parameters)
        losses.append(float(value))
    return losses


def test_an_mlp_of_flax_linen():
    linen = pytest.importorskip("flax.linen")

    class MLP(linen.Module):
        @linen.compact
        def __call__(self, x):
            for features, kernel in ((32, init.he_normal()), (32, init.orthogonal(math.sqrt(2)))):
                x = linen.relu(linen.Dense(features, kernel_init=kernel)(x))
            return linen.Dense(1, kernel_init=init.lecun_normal(), bias_init=init.zeros)(x)

    model = MLP()
    variables = model.init(KEY, jnp.ones((1, 8)))
    jitted = jax.jit(model.init)(KEY, jnp.ones((1, 8)))
    for one, two in zip(jax.tree.leaves(variables), jax.tree.leaves(jitted), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-6)
    losses = train(model.apply, variables)
    assert losses[-1] < 0.8 * losses[0]


def test_an_mlp_of_flax_nnx():
    nnx = pytest.importorskip("flax.nnx")

    class MLP(nnx.Module):
        def __init__(self, rngs):
            self.one = nnx.Linear(8, 32, kernel_init=init.glorot_uniform(), rngs=rngs)
            self.two = nnx.Linear(32, 1, kernel_init=init.truncated_normal(0.2), rngs=rngs)

        def __call__(self, x):
            return self.two(nnx.relu(self.one(x)))

    graph, state = nnx.split(MLP(nnx.Rngs(0)))
    losses = train(lambda state, x: nnx.merge(graph, state)(x), state)
    assert losses[-1] < 0.8 * losses[0]
