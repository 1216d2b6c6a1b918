"""Random generators of other libraries, as seeds. No library is imported: all are looked up."""

from __future__ import annotations

import sys
from typing import Any

from agnostic_init.arrays.errors import must_be_type

__all__ = ["draw_seed", "traced_number"]

Words = tuple[Any, Any]  # the low and the high half of 64 bits, as scalars that JAX traces


def draw_seed(source: Any) -> int | Words | None:
    """64 bits drawn of a generator of NumPy, CuPy or torch or of a JAX key; None of anything else.

    A generator is advanced; a JAX key, being a value, is not. Where JAX traces the key, or an
    integer, the bits are two traced words.
    """
    root = type(source).__module__.partition(".")[0]
    if root in ("numpy", "cupy"):
        return _of_numpy_like(source)
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
    low, high = words.tolist()
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
        low, high = jax.random.bits(source, (2,), "uint32")
        return low, high
    with jax.ensure_compile_time_eval():  # a key that is known stays known in a program
        low, high = jax.random.bits(source, (2,), "uint32")
    return int(high) << 32 | int(low)


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
