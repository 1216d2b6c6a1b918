"""JAX: arrays that cannot be written, and 64-bit types only where the user has enabled them."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from agnostic_init.arrays.errors import must
from agnostic_init.arrays.libraries import generic
from agnostic_init.arrays.libraries.numpy import storage_view

__all__ = ["Library"]


class Library(generic.Library):
    """JAX."""

    name = "jax"
    writes = False
    integers = "uint32"

    def dtype_name(self, dtype: Any) -> str:
        return str(jnp.dtype(dtype).name)

    def dtype(self, name: str) -> Any:
        if name in ("float64", "complex128", "int64") and not jax.config.jax_enable_x64:
            raise must(
                "dtype",
                "must have at most 32 bits a real in JAX without x64",
                name,
                "jax.config.update('jax_enable_x64', True)",
            )
        try:
            return jnp.dtype(name)
        except TypeError:
            raise must("dtype", "must be a dtype that jax has", name) from None

    def device(self, device: Any) -> Any:
        if isinstance(device, str):
            platform, _, number = device.partition(":")
            try:
                return jax.devices(platform)[int(number or 0)]
            except (RuntimeError, IndexError, ValueError) as error:
                raise must("device", f"must be a JAX device ({error})", device) from None
        return device

    def to_host(self, array: Any) -> Any:
        return storage_view(np.asarray(array))

    def working_device(self, device: Any) -> Any:
        return None if _is_spread(device) else device

    def placed(self, array: Any, device: Any) -> Any:
        return jax.device_put(array, device) if _is_spread(device) else array

    def device_of(self, array: Any) -> Any:
        return None if isinstance(array, jax.core.Tracer) else array.sharding


def _is_spread(device: Any) -> bool:
    """Whether it is a sharding, which fits only arrays of some shapes, of several devices."""
    return len(getattr(device, "device_set", ())) > 1
