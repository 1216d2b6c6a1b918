"""Random generators of other libraries, as seeds. No library is imported: all are looked up."""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["draw_seed"]


def draw_seed(source: Any) -> int | None:
    """64 bits drawn of a generator of NumPy, CuPy or torch or of a JAX key; None of anything else.

    A generator is advanced; a JAX key, being a value, is not.
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


def _of_jax(source: Any) -> int | None:
    jax = sys.modules["jax"]
    is_key = jax.numpy.issubdtype(source.dtype, jax.dtypes.prng_key)
    if not (is_key and source.ndim == 0) and not (source.dtype == "uint32" and source.ndim == 1):
        return None
    low, high = jax.random.bits(source, (2,), "uint32")
    return int(high) << 32 | int(low)
