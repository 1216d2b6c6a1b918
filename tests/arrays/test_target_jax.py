"""JAX's shardings as the place of a new array: those that fit its shape, and those that do not."""

from __future__ import annotations

import numpy as np
import pytest

import agnostic_init as ai

jax = pytest.importorskip("jax")
jnp = jax.numpy

from jax.sharding import Mesh, NamedSharding, PartitionSpec

INITS = {
    "zeros": ai.zeros(),
    "normal": ai.normal(),
    "orthogonal": ai.orthogonal(),
    "sparse": ai.sparse(0.5),
    "looks linear": ai.looks_linear(),
}


def cut(*spec):
    """A sharding of one device."""
    return NamedSharding(
        Mesh(np.array(jax.devices()[:1]).reshape(1, 1), ("a", "b")), PartitionSpec(*spec)
    )


@pytest.mark.parametrize("name", INITS)
def test_the_sharding_of_like_where_it_fits(name):
    like = jax.device_put(jnp.zeros((8, 4)), cut("a", "b"))
    for shape in ((8, 4), (6, 2)):
        made = INITS[name](shape, key=0, like=like)
        assert made.sharding == like.sharding
        np.testing.assert_allclose(made, INITS[name](shape, key=0), atol=1e-6)


@pytest.mark.parametrize("shape", [(4,), ()])
@pytest.mark.parametrize("name", ["zeros", "normal"])
def test_whole_on_its_devices_where_it_does_not_fit(name, shape):
    like = jax.device_put(jnp.zeros((8, 4)), cut("a", "b"))
    made = INITS[name](shape, key=0, like=like)
    assert made.sharding == cut()
    np.testing.assert_array_equal(made, INITS[name](shape, key=0))


@pytest.mark.parametrize("name", ["zeros", "normal"])
def test_a_given_sharding_that_does_not_fit(name):
    with pytest.raises(ai.ParameterError, match=r"`device` must be a sharding that fits .*\(4,\)"):
        INITS[name]((4,), key=0, xp=jnp, device=cut("a", "b"))
    like = jax.device_put(jnp.zeros((8, 4)), cut("a", "b"))
    with pytest.raises(ai.ParameterError, match="`device` must be a sharding that fits"):
        INITS[name]((4,), key=0, like=like, device=cut("a", "b"))


def test_draws_and_blocks():
    like = jax.device_put(jnp.zeros((8, 4)), cut("a", "b"))
    assert ai.draws.normal((4,), key=0, like=like).sharding == cut()
    row = ai.normal()((8, 4), key=0, like=like, index=3)
    assert row.sharding == cut()
    np.testing.assert_array_equal(row, ai.normal()((8, 4), key=0)[3])


def test_a_whole_model_like_one_weight():
    like = jax.device_put(jnp.zeros((8, 4)), cut("a", "b"))
    specs = {"weight": (8, 4), "bias": (4,)}
    made = ai.init_tree(specs, {"bias": "zeros", "*": "normal"}, key=0, like=like)
    assert {name: each.sharding for name, each in made.items()} == {
        "weight": cut("a", "b"),
        "bias": cut(),
    }
    with pytest.raises(ai.ParameterError, match="parameter 'bias': `device` must be a sharding"):
        ai.init_tree(specs, {"bias": "zeros", "*": "normal"}, key=0, xp=jnp, device=cut("a", "b"))


def test_structs_are_as_good_as_arrays():
    struct = jax.ShapeDtypeStruct((8, 4), jnp.bfloat16, sharding=cut("a", "b"))
    made = ai.normal()((8, 4), key=0, like=struct)
    assert (made.sharding, made.dtype) == (cut("a", "b"), jnp.bfloat16)
    assert isinstance(ai.ones()((3,), like=jax.ShapeDtypeStruct((3,), jnp.float32)), jax.Array)


def test_structs_as_specs_keep_their_shardings():
    specs = {
        "weight": jax.ShapeDtypeStruct((8, 4), jnp.bfloat16, sharding=cut("a", "b")),
        "bias": jax.ShapeDtypeStruct((4,), jnp.float32),
    }
    rules = {"bias": "zeros", "*": "normal"}
    made = ai.init_tree(specs, rules, key=0)
    assert {name: each.dtype for name, each in made.items()} == {
        "weight": jnp.bfloat16,
        "bias": jnp.float32,
    }
    assert made["weight"].sharding == cut("a", "b")
    assert isinstance(made["bias"], jax.Array)
    hosts = ai.init_tree(specs, rules, key=0, xp=np)
    assert all(isinstance(each, np.ndarray) for each in hosts.values())


MANY = """
import jax, jax.numpy as jnp, numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec as P
import agnostic_init as ai

mesh = Mesh(np.array(jax.devices()).reshape(2, 2), ("a", "b"))
like = jax.device_put(jnp.zeros((8, 4)), NamedSharding(mesh, P("a", "b")))
whole = NamedSharding(mesh, P())
for init in (ai.zeros(), ai.ones(), ai.normal(), ai.orthogonal(), ai.sparse(0.5), ai.identity()):
    for shape in ((4,), (7, 3), (3, 4), ()):
        if len(shape) < 2 and not isinstance(init, ai.normal | ai.zeros | ai.ones):
            continue
        made = init(shape, key=0, like=like)
        assert made.sharding == whole, (init, shape, made.sharding)
        np.testing.assert_allclose(made, init(shape, key=0), atol=1e-6)
    assert init((16, 8), key=0, like=like).sharding == like.sharding
    try:
        init((7, 3), key=0, xp=jnp, device=like.sharding)
    except ai.ParameterError as error:
        assert "`device` must be a sharding that fits the shape (7, 3)" in str(error)
    else:
        raise AssertionError(init)
specs = {"weight": (8, 4), "bias": (4,), "odd": (7, 3)}
made = ai.init_tree(specs, {"bias": "zeros", "*": "normal"}, key=0, like=like)
assert made["weight"].sharding == like.sharding
assert made["bias"].sharding == made["odd"].sharding == whole
structs = {"weight": jax.ShapeDtypeStruct((8, 4), jnp.float32, sharding=like.sharding)}
assert ai.init_tree(structs, {"*": "orthogonal"}, key=0)["weight"].sharding == like.sharding
(made["weight"] + made["bias"]).block_until_ready()
"""


@pytest.mark.slow
def test_many_devices(on_devices_of_jax):
    on_devices_of_jax(MANY)
