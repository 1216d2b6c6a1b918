"""Programs of JAX at scale: each device makes its part, and positions are exact to 2^64."""

from __future__ import annotations

import numpy as np
import pytest

import agnostic_init as ai

jax = pytest.importorskip("jax")
jnp = jax.numpy

PROGRAM = """
import itertools
import jax, jax.numpy as jnp, numpy as np
from jax.sharding import NamedSharding, PartitionSpec as P
import agnostic_init as ai

mesh = jax.sharding.Mesh(np.array(jax.devices()).reshape(4, 2), ("x", "y"))
inits = {
    "float32": ai.he_normal("keras"), "bfloat16": ai.normal(std=0.02), "float16": ai.uniform(-1, 2),
    "complex64": ai.normal(),
}
# of rows that whole blocks of words make, halves of them, and neither; sharded on any axes
cases = [
    ((512, 1024), P(None, ("x", "y"))), ((512, 1024), P("x", "y")), ((1024, 512), P(("x", "y"))),
    ((512, 1026), P("x", "y")), ((512, 1029), P("x")), ((64, 8, 1024), P("y", "x")),
    ((64, 8, 1024), P(None, None, "x")), ((1 << 19,), P(("x", "y"))),
]
for (dtype, init), (shape, spec) in itertools.product(inits.items(), cases):
    if len(shape) == 1 and dtype == "float32":
        init = ai.truncated_normal()
    place = NamedSharding(mesh, spec)
    program = jax.jit(
        lambda seed: init(shape, key=seed, xp=jnp, dtype=dtype), out_shardings=place
    )
    compiled = program.lower(jnp.uint32(7)).compile()
    part = np.prod(place.shard_shape(shape)) * jnp.dtype(dtype).itemsize
    assert compiled.memory_analysis().temp_size_in_bytes <= 3 * part, (dtype, shape, spec)
    text = compiled.as_text()
    assert not any(word in text for word in ("all-gather", "all-reduce", "all-to-all", "permute"))
    made = np.asarray(compiled(jnp.uint32(7)))
    expected = np.asarray(init(shape, key=7, xp=jnp, dtype=dtype))
    assert made.tobytes() == expected.tobytes(), (dtype, shape, spec)
"""


def test_a_device_needs_little_more_than_its_part(on_devices_of_jax):
    on_devices_of_jax(PROGRAM, devices=8)


@pytest.mark.parametrize("x64", [False, True])
@pytest.mark.parametrize("size", [2**32 + 12, 2**33 + 4, 2**34 + 64, 2**40 + 5])
def test_positions_of_one_long_axis(size, x64):
    dtypes = ("float64", "complex128") if x64 else ("float32", "bfloat16")
    with jax.enable_x64(x64) if hasattr(jax, "enable_x64") else jax.experimental.enable_x64(x64):
        for dtype in dtypes:

            def last(dtype=dtype):
                return ai.uniform()((size,), key=3, xp=jnp, dtype=dtype)[-4:]

            program = jax.jit(last).lower().compile()
            assert program.memory_analysis().temp_size_in_bytes < 1 << 20
            expected = ai.uniform()((size,), key=3, dtype=dtype, index=slice(-4, None))
            np.testing.assert_allclose(
                np.asarray(program()), np.asarray(expected), rtol=1e-14 if x64 else 0
            )


@pytest.mark.parametrize(
    ("shape", "index"),
    [
        ((2**40,), slice(2**40 - 7, None)),
        ((2**21, 2**21, 2**22), (-1, slice(2**21 - 2, None), slice(-3, None))),
        ((2**35 + 1, 9), (slice(2**35 - 3, None), slice(None, None, 2))),
        ((2**33,), slice(None, None, 2**31)),
        ((7, 2**33), (slice(None), slice(-1, -9, -3))),
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "complex64"])
def test_blocks_of_huge_arrays_under_jit(shape, index, dtype):
    for init in (ai.normal(std=0.02), ai.uniform(1, 2) if dtype[0] != "c" else ai.uniform()):
        made = jax.jit(lambda init=init: init(shape, key=3, xp=jnp, dtype=dtype, index=index))()
        expected = init(shape, key=3, xp=jnp, dtype=dtype, index=index)
        close = 1e-6 if dtype == "complex64" else 0
        np.testing.assert_allclose(
            np.asarray(made, np.complex64), np.asarray(expected, np.complex64), rtol=close
        )


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16", "complex64"])
@pytest.mark.parametrize(
    "init",
    [
        ai.normal(std=0.02),
        ai.normal(1.0, 0.5),
        ai.truncated_normal(),
        ai.truncated_normal(-1.0, 0.5),
        ai.uniform(-0.3, 0.3),
        ai.uniform(1, 3),
        ai.he_normal("torch"),
    ],
    ids=repr,
)
def test_what_a_tpu_would_compile_has_no_float64(init, dtype):
    from jax import export

    if dtype == "complex64" and not isinstance(init, ai.normal):
        pytest.skip("on a disk")

    def program(seed):
        return init((64, 30), key=seed, xp=jnp, dtype=dtype)

    text = export.export(jax.jit(program), platforms=["tpu"])(jnp.uint32(3)).mlir_module()
    assert "f64" not in text


@pytest.mark.parametrize(
    ("init", "dtype"),
    [
        (ai.truncated_normal(lower=-1, upper=3), "float32"),
        (ai.truncated_normal(0.5, lower=4, upper=9), "bfloat16"),
        (ai.truncated_normal(), "complex64"),
        (ai.uniform(0.5, 1), "complex64"),
    ],
    ids=str,
)
def test_nor_has_what_the_reference_computes_in_it(init, dtype):
    from jax import export

    program = jax.jit(lambda seed: init((64, 30), key=seed, xp=jnp, dtype=dtype))
    assert "f64" not in export.export(program, platforms=["tpu"])(jnp.uint32(3)).mlir_module()


def test_no_float64_is_bitcast_for_a_tpu():
    """Not even of the draws that are left to it, as those beyond 30 sigmas."""
    from jax import export

    program = jax.jit(
        lambda seed: ai.truncated_normal(lower=31, upper=99)((64, 30), key=seed, xp=jnp)
    )
    text = export.export(program, platforms=["tpu"])(jnp.uint32(3)).mlir_module()
    assert "f64" in text
    assert not [line for line in text.splitlines() if "bitcast_convert" in line and "f64" in line]
