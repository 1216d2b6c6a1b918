"""Initializers with keys that JAX traces: the values are those of the key when it is known."""

from __future__ import annotations

import numpy as np
import pytest

import agnostic_init as ai

jax = pytest.importorskip("jax")
jnp = jax.numpy

KEY = jax.random.key(3)
BITS = {
    "uniform": (ai.uniform(-0.1, 0.1), (8, 4)),
    "normal": (ai.normal(std=0.02), (8, 4)),
    "truncated": (ai.truncated_normal(), (8, 4)),
    "scaled": (ai.he_normal("keras"), (8, 4)),
    "sparse": (ai.sparse(0.5), (8, 4)),
    "icnr": (ai.icnr("normal", 2, layout="torch"), (8, 4, 2)),
    "zeros": (ai.zeros(), (8, 4)),
    "identity": (ai.identity(), (8, 4)),
    "hippo": (ai.hippo(), (4, 4)),
    "forget bias": (ai.forget_bias("flax"), (8,)),
}
CLOSE = {
    "orthogonal": (ai.orthogonal(), (8, 4)),
    "rotations": (ai.orthogonal(layout="b o i", special=True), (4, 3, 3)),
    "looks linear": (ai.looks_linear(), (8, 4)),
    "delta": (ai.delta_orthogonal(layout="torch"), (8, 4, 3)),
    "convolution": (ai.conv_orthogonal(layout="torch"), (8, 4, 3)),
}
# Of which one transformation is enough: they are made of what the others are made of.
ALONE = {
    "chrono": (ai.chrono(50, "flax"), (8,)),
    "steps": (ai.dt_bias(), (8, 4)),
    "ring": (ai.lru_nu_log(0.4, 0.9), (8,)),
    "np-RNN": (ai.np_rnn(), (4, 4)),
    "features": (ai.orthogonal_random_features(layout="keras"), (2, 5)),
}


def check(name, made, expected):
    if name in BITS:
        np.testing.assert_array_equal(made, expected)
    else:
        np.testing.assert_allclose(made, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", [*BITS, *CLOSE])
def test_transformations(name):
    init, shape = (BITS | CLOSE)[name]
    keys = jax.random.split(KEY, 3)

    def make(key):
        return init(shape, key=key, xp=jnp)

    many = np.stack([init(shape, key=key) for key in keys])
    check(name, jax.jit(make)(keys[1]), many[1])
    check(name, jax.vmap(make)(keys), many)
    check(name, jax.jit(jax.vmap(make))(keys), many)
    check(name, jax.lax.map(make, keys), many)


@pytest.mark.parametrize("name", ALONE)
def test_programs(name):
    init, shape = ALONE[name]
    made = jax.jit(lambda key: init(shape, key=key, xp=jnp))(KEY)
    check(name, made, init(shape, key=KEY))


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize(
    "init", [ai.log_of_uniform(1, 16), ai.dt_bias(), ai.lru_nu_log(0.4, 0.9)], ids=repr
)
def test_functions_of_uniforms_are_computed_in_float64(init, dtype):
    """Near a zero of the function float32 would leave three digits."""
    program = jax.jit(lambda key: init((3000,), key=key, xp=jnp, dtype=dtype))
    expected = np.asarray(init((3000,), key=KEY, dtype=dtype))
    np.testing.assert_allclose(
        np.asarray(program(KEY), np.float32), expected.astype(np.float32), rtol=2**-23, atol=0
    )
    if dtype == "float32":
        text = jax.export.export(program, platforms=["tpu"])(KEY).mlir_module()
        assert "f64" not in text


@pytest.mark.parametrize("dtype", ["bfloat16", "float8_e4m3fn", "complex64"])
def test_dtypes(dtype):
    made = jax.jit(lambda key: ai.normal()((5, 3), key=key, xp=jnp, dtype=dtype))(KEY)
    assert made.dtype == dtype
    np.testing.assert_array_equal(made, ai.normal()((5, 3), key=KEY, dtype=dtype))


@pytest.mark.parametrize("index", [slice(3, 6), (slice(None, None, -2), 1), (slice(1, None, 3),)])
def test_blocks(index):
    made = jax.jit(lambda key: ai.normal()((9, 5), key=key, xp=jnp, index=index))(KEY)
    np.testing.assert_array_equal(made, ai.normal()((9, 5), key=KEY)[index])


def test_the_counter_of_a_scan():
    key = ai.key("layers")

    def layer(carry, n):
        return carry, ai.normal()((4, 4), key=key.fold_in(n), xp=jnp)

    stack = jax.lax.scan(layer, None, jnp.arange(5))[1]
    expected = [ai.normal()((4, 4), key=key.fold_in(n)) for n in range(5)]
    np.testing.assert_array_equal(stack, np.stack(expected))


def test_draws():
    made = jax.jit(lambda key: ai.draws.uniform((3, 5), key=key, xp=jnp))(KEY)
    np.testing.assert_array_equal(made, ai.draws.uniform((3, 5), key=KEY))


def test_a_whole_model():
    specs = {"layer.weight": (8, 4), "layer.bias": (4,), "head.weight": (4, 8)}
    rules = [("*.bias", "zeros"), ("head.*", "orthogonal"), ("*", "normal")]
    made = jax.jit(lambda key: ai.init_tree(specs, rules, key=key, xp=jnp))(KEY)
    expected = ai.init_tree(specs, rules, key=KEY)
    assert list(made) == sorted(expected)  # jit returns a mapping in this order
    for name, value in expected.items():
        np.testing.assert_allclose(made[name], value, atol=1e-6)


SHARDS = """
import jax, jax.numpy as jnp, numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec as P
import agnostic_init as ai

mesh = Mesh(np.array(jax.devices()).reshape(2, 2), ("x", "y"))
key = jax.random.key(0)
keys = jax.random.split(key, 2)
shard_map = getattr(jax, "shard_map", None) or jax.experimental.shard_map.shard_map

for init in (ai.normal(), ai.orthogonal(), ai.sparse(0.5)):
    sharding = NamedSharding(mesh, P("x", "y"))
    whole = jax.jit(lambda k: init((8, 4), key=k, xp=jnp), out_shardings=sharding)(key)
    assert whole.sharding == sharding
    np.testing.assert_allclose(whole, init((8, 4), key=key), atol=1e-6)

    def of_its_own_key(some):
        return init((8, 4), key=some[0], xp=jnp)[None]

    stack = shard_map(of_its_own_key, mesh=mesh, in_specs=P("x"), out_specs=P("x"))(keys)
    np.testing.assert_allclose(stack, [init((8, 4), key=k) for k in keys], atol=1e-6)

    for start in (key, ai.key(5)):
        def of_its_place(k):
            folded = ai.key(k).fold_in(jax.lax.axis_index("x"))
            return init((8, 4), key=folded, xp=jnp)[None]

        if start is key:
            program = shard_map(of_its_place, mesh=mesh, in_specs=P(), out_specs=P("x"))
            stack = jax.jit(program)(key)
        else:
            program = shard_map(lambda: of_its_place(start), mesh=mesh, in_specs=(), out_specs=P("x"))
            stack = jax.jit(program)()
        expected = [init((8, 4), key=ai.key(start).fold_in(n)) for n in range(2)]
        np.testing.assert_allclose(stack, expected, atol=1e-6)
"""


@pytest.mark.slow
def test_shards(on_devices_of_jax):
    on_devices_of_jax(SHARDS)
