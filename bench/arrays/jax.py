"""JAX's arrays. They cannot be written, so every job makes new ones."""

from __future__ import annotations

from typing import Any, NoReturn

import jax
import jax.numpy as jnp
import numpy as np

from bench.arrays import OnHost
from bench.job import Missing, NotOffered

__all__ = ["Arrays"]


class Arrays(OnHost):
    namespace = jnp

    def __init__(self, device: str, threads: int) -> None:
        super().__init__()
        self.device, self.threads, self.peak_before = device, threads, 0
        platform = "gpu" if device == "cuda" else "cpu"
        try:
            self.place = jax.devices(platform)[0]
        except RuntimeError as error:
            msg = f"JAX sees no {platform}"
            raise Missing(msg) from error
        jax.config.update("jax_default_device", self.place)

    def dtype(self, name: str) -> Any:
        if name in {"float64", "complex128"}:
            jax.config.update("jax_enable_x64", val=True)
        return jnp.dtype(name)

    def unwritten(self, shape: tuple[int, ...], dtype: str) -> NoReturn:
        msg = f"JAX cannot write an array in place ({shape}, {dtype})"
        raise NotOffered(msg)

    def wait(self, result: Any) -> None:
        jax.block_until_ready(result)

    def numbers(self, array: Any, count: int) -> np.ndarray:
        return np.asarray(jnp.real(array.reshape(-1)[:count]).astype(jnp.float32), np.float64)

    def settle_memory(self) -> None:
        if self.device == "cpu":
            super().settle_memory()
            return
        stats = self.place.memory_stats() or {}
        self.before = stats.get("bytes_in_use", 0)
        self.peak_before = stats.get("peak_bytes_in_use", 0)

    def peak_memory(self) -> int | None:
        if self.device == "cpu":
            return super().peak_memory()
        stats = self.place.memory_stats() or {}
        peak = stats.get("peak_bytes_in_use", 0)
        # JAX does not forget its peak, so one that is not exceeded says nothing.
        return peak - self.before if peak > self.peak_before else None

    def device_name(self) -> str | None:
        return self.place.device_kind if self.device == "cuda" else None
