"""What the host makes for JAX: kept where it lies, and never what a program is traced with."""

from __future__ import annotations

import functools

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.arrays import memory
from agnostic_init.arrays.target import resolve

jax = pytest.importorskip("jax")
jnp = jax.numpy

from agnostic_init.arrays.libraries import jax as library

LARGE = 1 << 15  # elements, which are worth keeping where they are


@pytest.fixture(params=[True, False], ids=["by JAX's own name", "by an operation"])
def how(request, monkeypatch):
    if not request.param:
        monkeypatch.setattr(library, "outermost", None)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "complex64"])
def test_large_arrays_are_not_copied(dtype):
    target = resolve(xp=jnp, dtype=dtype)
    kind = {"float32": "float32", "bfloat16": "uint16", "complex64": "complex64"}[dtype]
    made = memory.empty((LARGE,), kind, target.library.alignment)
    made[:] = 0
    array = target.library.from_storage(made, dtype, None)
    several = target.library.from_storages([made, made[:16]], [dtype, dtype], None)
    for each in (array, several[0]):
        assert each.unsafe_buffer_pointer() == memory.address(made)
        assert each.dtype == dtype


@pytest.mark.parametrize("alignment", [1, 64, 4096])
@pytest.mark.parametrize("shape", [(), (0, 3), (5, 7)])
@pytest.mark.parametrize("dtype", [np.float32, np.complex128, np.uint8])
def test_memory_from_a_multiple_on(shape, dtype, alignment):
    made = memory.empty(shape, dtype, alignment)
    assert made.shape == shape
    assert made.dtype == dtype
    assert made.flags.c_contiguous
    assert made.flags.writeable
    if made.size:
        assert memory.address(made) % alignment == 0


def test_weights_that_are_donated_are_made_again_as_they_were():
    init = ai.normal()
    expected = init((LARGE,), key=0)
    first, second = init((LARGE,), key=0, xp=jnp), init((LARGE,), key=0, xp=jnp)
    step = jax.jit(lambda w: 0 * w, donate_argnums=0)
    step(first).block_until_ready()
    tree = ai.init_tree({"w": (LARGE,), "v": (LARGE,)}, {"*": init}, key=0, xp=jnp)
    kept = np.asarray(tree["v"]).tobytes()
    step(tree["w"]).block_until_ready()
    np.testing.assert_array_equal(np.asarray(second), expected)
    assert np.asarray(tree["v"]).tobytes() == kept
    np.testing.assert_array_equal(np.asarray(init((LARGE,), key=0, xp=jnp)), expected)


@pytest.mark.usefixtures("how")
def test_what_is_traced():
    asked = []

    def ask(x):
        asked.append(library.tracing())
        with jax.ensure_compile_time_eval():
            asked.append(library.tracing())
        return x

    assert not library.tracing()
    for transformed in (jax.jit, lambda f: functools.partial(jax.eval_shape, f)):
        transformed(lambda x: ask(x))(1.0)  # each a new function, as what was traced is kept
    jax.grad(jax.jit(lambda x: ask(x)))(1.0)
    assert asked == [True, False] * 3
    asked.clear()
    jax.vmap(ask)(np.zeros(2, np.float32))
    jax.grad(ask)(1.0)
    assert asked == [False] * 4
    assert not library.tracing()


@pytest.mark.usefixtures("how")
def test_a_tree_under_jit_is_a_tree_outside():
    shapes, rules = {"w": (4, 4), "b": (4,), "o": (4, 4)}, {"o": "orthogonal", "*": "normal"}

    def make():
        return ai.init_tree(shapes, rules, key=0, xp=jnp)

    eager, traced = make(), jax.jit(make)()
    for name in ("w", "b"):
        np.testing.assert_array_equal(np.asarray(eager[name]), np.asarray(traced[name]))
    np.testing.assert_allclose(eager["o"], traced["o"], atol=1e-6)


@pytest.mark.skipif(not hasattr(jax, "set_mesh"), reason="needs jax.set_mesh")
@pytest.mark.parametrize("size", [16, LARGE])
def test_a_mesh_that_is_set_takes_the_array(size):
    mesh = jax.make_mesh((1,), ("x",))
    with jax.set_mesh(mesh):
        as_jax_places = jnp.asarray(np.zeros(size, np.float32))
        alone = ai.normal()((size,), key=0, xp=jnp)
        (of_tree,) = ai.init_tree({"w": (size,)}, {"*": "normal"}, key=0, xp=jnp).values()
    assert alone.sharding == of_tree.sharding == as_jax_places.sharding
