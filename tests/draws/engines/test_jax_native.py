"""Draws of JAX's programs by the native library: where it serves, and that its bits are the host's."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest

import agnostic_init as ai
from agnostic_init.native.library import ABI, library

jax = pytest.importorskip("jax")
jnp = jax.numpy

from agnostic_init.draws.engines import jax_native

pytestmark = pytest.mark.skipif(
    library() is None or not hasattr(jax, "typeof") or jax.default_backend() != "cpu",
    reason="the native library does not serve JAX here",
)
KEY = 7


def is_called(function, *args) -> bool:
    """Whether a function's program calls the library."""
    text = jax.jit(function).lower(*args).as_text()
    return f"custom_call @{jax_native.TARGET}(" in text


@pytest.mark.parametrize(
    ("init", "dtype"),
    [
        (ai.normal(0.5, 0.02), "float32"),
        (ai.uniform(-1, 2), "bfloat16"),
        (ai.truncated_normal(), "float16"),
        (ai.truncated_normal(lower=4, upper=9), "float32"),
        (ai.normal(), "complex64"),
        (ai.normal(), "float8_e4m3fn"),
    ],
    ids=str,
)
# One that threads share, one that they do not, one of a single number, one of none.
@pytest.mark.parametrize("shape", [(300, 300), (5, 7), (), (0, 3)])
def test_the_same_bits(init, dtype, shape):
    def program(key):
        return init(shape, key=key, xp=jnp, dtype=dtype)

    assert is_called(program, KEY)
    made = jax.jit(program)(KEY)
    assert made.dtype == jnp.dtype(dtype)
    assert np.asarray(made).tobytes() == np.asarray(program(KEY)).tobytes()


@pytest.mark.parametrize(
    "index",
    [
        (slice(3, 7), slice(None)),
        (2, slice(5, None)),
        (slice(None), slice(3, 9)),
        (slice(None, None, -1), slice(None)),
        (slice(7, None, -3), slice(1, None, 4)),
        (slice(4, 4), slice(None, None, 2)),
    ],
    ids=str,
)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "complex64"])
def test_blocks(index, dtype):
    def program(key):
        return ai.normal()((9, 11), key=key, xp=jnp, index=index, dtype=dtype)

    assert is_called(program, KEY)
    expected = np.asarray(ai.normal()((9, 11), key=KEY, dtype=dtype)[index])
    assert np.asarray(jax.jit(program)(KEY)).tobytes() == expected.tobytes()


def test_in_a_batch_and_in_a_loop():
    def program(key, number):
        return ai.normal()((5, 3), key=ai.key(key).fold_in(number), xp=jnp)

    keys, numbers = jax.random.split(jax.random.key(3), 4), jnp.arange(4)
    expected = np.stack([program(k, int(n)) for k, n in zip(keys, numbers, strict=True)])
    assert np.array_equal(jax.vmap(program)(keys, numbers), expected)
    one_key = jax.vmap(program, in_axes=(None, 0))(keys[0], numbers)
    assert np.array_equal(one_key, [program(keys[0], n) for n in range(4)])
    twice = jax.jit(jax.vmap(jax.vmap(program)))(keys.reshape(2, 2), numbers.reshape(2, 2))
    assert np.array_equal(twice, expected.reshape(2, 2, 5, 3))
    _, scanned = jax.lax.scan(lambda c, x: (c, program(*x)), None, (keys, numbers))
    assert np.array_equal(scanned, expected)


def test_what_it_is_multiplied_with_has_a_gradient():
    def loss(weight, key):
        return (weight * ai.normal()((4,), key=key, xp=jnp)).sum()

    expected = ai.normal()((4,), key=KEY).sum()
    assert jax.jit(jax.grad(loss))(2.0, KEY) == pytest.approx(expected, rel=1e-6)


def test_an_exported_program_needs_no_library():
    def program(key):
        return ai.normal()((5, 3), key=key, xp=jnp)

    for platforms in (["cpu"], ["cpu", "tpu"]):
        exported = jax.export.export(jax.jit(program), platforms=platforms)(jnp.uint32(KEY))
        assert f"custom_call @{jax_native.TARGET}(" not in exported.mlir_module()
    assert np.array_equal(exported.call(jnp.uint32(KEY)), program(KEY))


def test_threads_are_counted_when_the_program_runs(monkeypatch):
    """It may have been compiled long before, by another process, or for other cores."""
    monkeypatch.setenv("AGNOSTIC_INIT_NUM_THREADS", "none")
    large, small = (
        jax.jit(lambda shape=shape: ai.normal()(shape, key=KEY, xp=jnp)).lower().compile()
        for shape in ((300, 300), (30, 30))
    )
    expected = ai.normal()((30, 30), key=KEY)  # which threads do not share
    assert np.array_equal(small(), expected)
    rule = "INVALID_ARGUMENT: `AGNOSTIC_INIT_NUM_THREADS` must be a positive integer"
    for wrong in ("none", "0", "-1", " 2", "1.5"):
        monkeypatch.setenv("AGNOSTIC_INIT_NUM_THREADS", wrong)
        with pytest.raises((ValueError, jax.errors.JaxRuntimeError), match=rule):
            large().block_until_ready()
    monkeypatch.setenv("AGNOSTIC_INIT_NUM_THREADS", "1")
    expected = ai.normal()((300, 300), key=KEY)
    for right in ("", "1", "003", "9" * 30):
        monkeypatch.setenv("AGNOSTIC_INIT_NUM_THREADS", right)
        assert np.array_equal(large(), expected)


def test_a_program_is_of_one_version_of_the_library():
    """A cache on disk is asked for it by all that it calls."""
    text = jax.jit(lambda: ai.normal()((5,), key=KEY, xp=jnp)).lower().as_text()
    assert f"custom_call @agnostic_init.draws.engines.jax_native.{ABI}(" in text


@pytest.mark.slow
def test_a_compiled_program_in_a_process_that_has_not_registered_the_library(tmp_path):
    from jax.experimental import serialize_executable

    compiled = jax.jit(lambda: ai.normal()((5,), key=KEY, xp=jnp)).lower().compile()
    tmp_path.joinpath("kept").write_bytes(pickle.dumps(serialize_executable.serialize(compiled)))
    code = f"""
import pickle, jax
from jax.experimental import serialize_executable
kept = pickle.load(open({str(tmp_path / "kept")!r}, "rb"))
try:
    serialize_executable.deserialize_and_load(*kept)
except jax.errors.JaxRuntimeError as error:
    assert {jax_native.TARGET!r} in str(error), error
import agnostic_init as ai
expected = jax.jit(lambda: ai.normal()((5,), key={KEY}, xp=jax.numpy))()
assert (serialize_executable.deserialize_and_load(*kept)() == expected).all()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_in_shard_map_on_one_device():
    spec = jax.sharding.PartitionSpec("x")
    mesh = jax.sharding.Mesh(np.array(jax.devices()), ("x",))
    seeds = jnp.arange(3, dtype=jnp.uint32)

    def program(seeds):
        return jax.vmap(lambda seed: ai.normal()((5,), key=seed, xp=jnp))(seeds)

    mapped = jax.jit(jax.shard_map(program, mesh=mesh, in_specs=spec, out_specs=spec))
    assert np.array_equal(mapped(seeds), program(seeds))


def test_where_nothing_is_compiled():
    with jax.disable_jit():
        made = jax.vmap(lambda seed: ai.normal()((5,), key=seed, xp=jnp))(jnp.arange(2))
    assert np.array_equal(made, [ai.normal()((5,), key=seed) for seed in range(2)])


def test_a_slice_of_what_no_memory_holds_is_xla_s():
    program = jax.jit(lambda: ai.uniform()((1 << 40,), key=KEY, xp=jnp)[-4:])
    expected = ai.uniform()((1 << 40,), key=KEY, index=slice(-4, None))
    assert np.array_equal(program(), expected)


def test_with_several_devices_xla_makes_it(on_devices_of_jax):
    on_devices_of_jax(
        "import jax, jax.numpy as jnp, agnostic_init as ai\n"
        "text = jax.jit(lambda: ai.normal()((5,), key=0, xp=jnp)).lower().as_text()\n"
        "assert 'custom_call' not in text, text\n"
    )


def test_a_version_of_xla_that_refuses_it(monkeypatch):
    def refuse(*args, **kwargs):
        message = "API version mismatch"
        raise RuntimeError(message)

    monkeypatch.setattr(jax.ffi, "register_ffi_target", refuse)
    jax_native._registered.cache_clear()
    try:
        with pytest.warns(RuntimeWarning, match="computes its programs itself: API version mis"):
            assert not is_called(lambda: ai.normal()((5,), key=KEY, xp=jnp))
        made = jax.jit(lambda: ai.normal()((5,), key=KEY, xp=jnp))()
        assert np.array_equal(made, ai.normal()((5,), key=KEY))
    finally:
        jax_native._registered.cache_clear()


def test_a_fault_is_an_error_of_the_program():
    assert is_called(lambda: ai.normal()((5,), key=KEY, xp=jnp))
    call = jax.ffi.ffi_call(jax_native.TARGET, jax.ShapeDtypeStruct((5,), jnp.float32))
    with pytest.raises(
        jax.errors.JaxRuntimeError, match=r"INTERNAL: agnostic_init: this is no call"
    ):
        jax.jit(call)(jnp.zeros(3))
