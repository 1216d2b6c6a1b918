"""Random generators of other libraries, as seeds. No library is imported: all are looked up."""

from __future__ import annotations

import sys
from typing import Any

from agnostic_init.arrays.errors import must, must_be_type

__all__ = ["draw_seed", "traced_number", "words_of_jax"]

OF_HARDWARE = ("rbg", "unsafe_rbg")

Words = tuple[Any, Any]  # the low and the high half of 64 bits, as scalars that JAX traces


def draw_seed(source: Any) -> int | Words | None:
    """64 bits drawn of a generator of NumPy, CuPy, torch or Python, of NumPy's seed sequence or of a JAX key.

    None of anything else. A generator is advanced; a seed sequence and a JAX key, being values, are not. Where JAX traces the key, or an
    integer, the bits are two traced words.
    """
    root = type(source).__module__.partition(".")[0]
    if root in ("numpy", "cupy"):
        return _of_numpy_like(source)
    python = sys.modules.get("random")
    if python is not None and isinstance(source, python.Random):
        return int(source.getrandbits(64))
    if root == "torch":
        return _of_torch(source)
    if root in ("jax", "jaxlib"):
        return _of_jax(source)
    return None


def _of_numpy_like(source: Any) -> int | None:
    if hasattr(source, "integers"):
        low, high = source.integers(0, 1 << 32, size=2, dtype="uint32")
    elif hasattr(source, "tomaxint"):
        low, high = source.randint(0, 1 << 32, size=2, dtype="uint32")
    elif hasattr(source, "generate_state"):
        low, high = source.generate_state(2, "uint32")
    else:
        return None
    return int(high) << 32 | int(low)


def _of_torch(source: Any) -> int | None:
    torch = sys.modules["torch"]
    if not isinstance(source, torch.Generator):
        return None
    words = torch.randint(
        0, 1 << 32, (2,), generator=source, device=source.device, dtype=torch.int64
    )
    try:
        low, high = words.tolist()
    except RuntimeError:  # of each member of a batch its own, or of none
        rule = "must be a key or an integer where what torch draws has no one value, as in vmap"
        hint = "ai.key(generator) before, or the functions of compat.torch_init"
        raise must("key", rule, type(source), hint) from None
    return int(high) << 32 | int(low)


def traced_number(source: Any) -> Words | None:
    """The two words of an integer that JAX traces, mod 2^64; None of anything else."""
    jax = sys.modules.get("jax")
    if jax is None or not isinstance(source, jax.core.Tracer):
        return None
    jnp = jax.numpy
    if source.ndim or not jnp.issubdtype(source.dtype, jnp.integer):
        return None
    sign_or_high = source >> 32 if source.dtype.itemsize == 8 else -(source < 0).astype("int32")
    return source.astype("uint32"), sign_or_high.astype("uint32")


def _of_jax(source: Any) -> int | Words | None:
    jax = sys.modules["jax"]
    number = traced_number(source)
    if number is not None:
        return number
    if source.ndim == 1 and source.dtype == "uint32":
        source = _wrapped(jax, source)
    if not jax.numpy.issubdtype(source.dtype, jax.dtypes.prng_key):
        return None
    if source.ndim:
        hint = "one of them, or jax.vmap over them all"
        raise must_be_type(
            "key", "must be a single key of JAX", f"an array of {source.shape}", hint
        )
    if isinstance(source, jax.core.Tracer):
        low, high = words_of_jax(source)
        return low, high
    with jax.ensure_compile_time_eval():  # a key that is known stays known in a program
        low, high = words_of_jax(source)
    return int(high) << 32 | int(low)


def words_of_jax(key: Any) -> Words:
    """Two words that a key of JAX gives, alone or as one of several under vmap.

    The bits of an implementation for hardware, such as rbg, depend on the device and on what other
    keys they are drawn with: its key's own words are the key of those that JAX's portable one draws.
    """
    jax = sys.modules["jax"]
    dtype = getattr(key, "dtype", None)  # what is no key is refused below
    typed = dtype is not None and jax.numpy.issubdtype(dtype, jax.dtypes.prng_key)
    implementation = jax.random.key_impl(key) if typed else jax.config.jax_default_prng_impl
    if dtype is not None and str(implementation) in OF_HARDWARE:
        words = jax.random.key_data(key) if typed else key
        key = jax.random.wrap_key_data(words[:2], impl="threefry2x32")
        # The two halves are equal in a key made of a seed, and differ in those folded of it.
        key = jax.random.fold_in(jax.random.fold_in(key, words[2]), words[3])
    low, high = jax.random.bits(key, (2,), "uint32")
    return low, high


def _wrapped(jax: Any, data: Any) -> Any:
    """The key that an array of words is by JAX's default implementation."""
    try:
        return jax.random.wrap_key_data(data)
    except (TypeError, ValueError):
        implementation = jax.config.jax_default_prng_impl
        raise must_be_type(
            "key",
            f"must have the words of a {implementation} key of JAX, where it is an array of uint32",
            f"{data.size} words",
            "jax.random.key(0), or jax.random.wrap_key_data(words, impl='rbg')",
        ) from None
