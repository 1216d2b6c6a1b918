"""JAX: eager and under jit, with and without x64, the same bits; and nothing of 64 bits leaks."""

from __future__ import annotations

import subprocess
import sys
from functools import partial

import numpy as np
import pytest

import agnostic_init as ai

jax = pytest.importorskip("jax")
jnp = jax.numpy

DRAWS = {
    "bits": ai.draws.bits,
    "uniform": ai.draws.uniform,
    "symmetric": partial(ai.draws.uniform, low=-0.3, high=0.3),
    "shifted": partial(ai.draws.uniform, low=0.1, high=0.7),
    "normal": ai.draws.normal,
    "moved": partial(ai.draws.normal, mean=3.0, std=0.7),
    "truncated": ai.draws.truncated_normal,
    "tail": partial(ai.draws.truncated_normal, lower=4.0, upper=1000.0),
}


@pytest.mark.parametrize("name", DRAWS)
def test_under_jit(name):
    draw = DRAWS[name]
    assert not jax.config.jax_enable_x64
    result = jax.jit(lambda: draw((64, 1001), key=42, xp=jnp))()
    expected = draw((64, 1001), key=42)
    assert result.dtype == expected.dtype
    assert np.array_equal(np.asarray(result), expected)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float8_e4m3fn", "complex64"])
def test_small_dtypes_under_jit(dtype):
    result = jax.jit(lambda: ai.draws.normal(10_000, std=0.1, key=1, xp=jnp, dtype=dtype))()
    assert str(result.dtype) == dtype
    assert np.array_equal(
        np.asarray(result), np.asarray(ai.draws.normal(10_000, std=0.1, key=1, dtype=dtype))
    )


def test_blocks_under_jit_share_a_program():
    from agnostic_init.draws.engines import jax as engine

    engine._program.cache_clear()
    whole = ai.draws.normal((64, 48), key=5)
    for row in range(0, 64, 16):
        index = (slice(row, row + 16), slice(0, 48))
        part = jax.jit(lambda index=index: ai.draws.normal((64, 48), key=5, index=index, xp=jnp))()
        assert np.array_equal(np.asarray(part), whole[index])
    assert engine._program.cache_info().misses == 1


def test_no_float64_is_left_behind():
    def sample():
        x = ai.draws.normal((8,), key=1, xp=jnp)
        return x, x * 2.0, jnp.ones(3) + 1

    for value in jax.jit(sample)():
        assert value.dtype == jnp.float32
    assert not jax.config.jax_enable_x64
    assert ai.draws.normal((8,), key=1, xp=jnp).dtype == jnp.float32


def test_float64_without_x64_is_refused():
    with pytest.raises(ValueError, match="jax_enable_x64"):
        ai.draws.normal(3, key=0, xp=jnp, dtype="float64")


def test_with_x64():
    """In a process of its own, as the setting is global."""
    code = """
import warnings; warnings.simplefilter("error")
import jax, jax.numpy as jnp, numpy as np
jax.config.update("jax_enable_x64", True)
import agnostic_init as ai
for draw in (ai.draws.bits, ai.draws.uniform, ai.draws.normal, ai.draws.truncated_normal):
    expected = draw((33, 65), key=42)
    for result in (draw((33, 65), key=42, xp=jnp), jax.jit(lambda: draw((33, 65), key=42, xp=jnp))()):
        assert result.dtype == expected.dtype, result.dtype
        assert np.array_equal(np.asarray(result), expected)
wide = ai.draws.normal(1000, key=1, xp=jnp, dtype="float64")
assert wide.dtype == jnp.float64
assert np.array_equal(np.asarray(wide), ai.draws.normal(1000, key=1, dtype="float64"))
print("passed")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "passed\n", done.stderr


def test_devices():
    device = jax.devices("cpu")[0]
    for given in (device, "cpu", "cpu:0"):
        assert ai.draws.uniform(3, key=0, xp=jnp, device=given).devices() == {device}
    for given in (0.02, 0, [jax.devices()[0]]):
        with pytest.raises(
            TypeError, match=r"`device` must be a JAX device or a sharding.*try: jax.dev"
        ):
            ai.normal()(3, key=0, device=given, xp=jnp)
    with pytest.raises(ValueError, match="`device` must be a JAX device"):
        ai.draws.uniform(3, key=0, xp=jnp, device="cpu:9")


@pytest.mark.parametrize("name", ["bits", "normal"])
@pytest.mark.parametrize(
    "index",
    [
        (slice(2**33 - 3, 2**33), slice(5, 9)),
        (slice(2**32 - 7, None, -(2**30)), slice(None, None, 2**17)),
        (2**31 + 1, slice(-3, None)),
    ],
)
def test_positions_beyond_32_bits_under_jit(name, index):
    shape, key = (2**33, 2**20), ai.Key(5, 2**64 - 2**31)
    made = jax.jit(lambda: DRAWS[name](shape, key=key, index=index, xp=jnp))()
    assert np.array_equal(np.asarray(made), DRAWS[name](shape, key=key, index=index))
