"""JAX: arrays that cannot be written, and 64-bit types only where the user has enabled them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec, Sharding, SingleDeviceSharding

from agnostic_init.arrays import library
from agnostic_init.arrays.dtypes import DTYPES
from agnostic_init.arrays.errors import must, must_be_type
from agnostic_init.arrays.libraries.numpy import storage_view
from agnostic_init.arrays.library import Index

try:  # JAX's own name for what `tracing` asks, at a hundredth of the time
    from jax._src.core import trace_state_clean as outermost
except ImportError:
    outermost = None

__all__ = ["Library", "on_host", "tracing"]

# Bytes: placing an array takes JAX longer than copying a smaller one.
WORTH_KEEPING = 1 << 16


class Library(library.Library):
    """JAX."""

    name = "jax"
    namespace = "jax.numpy"
    writes = False
    integers = "uint32"
    alignment = 64  # XLA's on hosts

    def has(self, array: Any) -> bool:
        # A struct has the shape, dtype and sharding of an array.
        return isinstance(array, (jax.Array, jax.ShapeDtypeStruct))

    def dtype_name(self, dtype: Any) -> str:
        return str(jnp.dtype(dtype).name)

    def dtype(self, name: str) -> Any:
        row = DTYPES.get(name)
        if row and row.itemsize > 4 * row.parts and not jax.config.jax_enable_x64:
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
        if device is not None and not isinstance(device, jax.Device | Sharding):
            try:  # a layout, a space of memory, or what else JAX may take
                jax.device_put(np.zeros((), np.float32), device)
            except (TypeError, ValueError):
                rule = "must be a JAX device or a sharding"
                raise must_be_type("device", rule, device, "jax.devices()[0]") from None
        return device

    def takes_from_host(self, device: Any, array: Any = None) -> bool:
        return on_host(device) and not tracing()

    def from_storage(self, storage: Any, dtype: str, device: Any) -> Any:
        seen = storage.view(jnp.dtype(dtype))
        if device is None and (storage.nbytes < WORTH_KEEPING or _in_mesh()):
            return self.from_host(seen, device)
        return jax.device_put(seen, device)

    def from_storages(self, storages: Sequence[Any], dtypes: Sequence[str], device: Any) -> Any:
        if device is None and _in_mesh():
            return super().from_storages(storages, dtypes, device)
        seen = [made.view(jnp.dtype(name)) for made, name in zip(storages, dtypes, strict=True)]
        return jax.device_put(seen, device)

    def from_host(self, array: Any, device: Any) -> Any:
        # Where no device is asked for, none is decided on: a mesh that is set takes the array.
        made = jnp.asarray(array)  # no device: placed here
        return made if device is None else jax.device_put(made, device)

    def cuts(self, device: Any) -> bool:
        return _cuts(device)

    def from_parts(
        self, part: Callable[[Any], Any], shape: tuple[int, ...], dtype: str, device: Any
    ) -> Any:
        known: dict[str, Any] = {}

        def held(index: Any) -> Any:
            name = str(index)  # that of copies on several devices is the same
            if name not in known:
                known[name] = part(index).view(jnp.dtype(dtype))
            return known[name]

        return jax.make_array_from_callback(shape, device, held)

    def to_host(self, array: Any) -> Any:
        return storage_view(np.asarray(array))

    def readable(self, array: Any) -> bool:
        # One that a program was given to keep has lost its memory.
        known = isinstance(array, jax.Array) and not isinstance(array, jax.core.Tracer)
        return not (known and array.is_deleted())

    def counted(self, array: Any) -> Iterable[tuple[Any, Index | None]]:
        if isinstance(array, jax.core.Tracer) or not isinstance(array, jax.Array):
            rule = "must have values, and not be traced or a struct"
            raise must_be_type("array", rule, type(array), "the array itself, outside of jit")
        for shard in array.addressable_shards:
            if shard.replica_id == 0:
                yield shard.data, shard.index

    def bits_of(self, array: Any) -> Any:
        if on_host(array.sharding):
            return None
        if array.dtype == bool:
            return array.astype(jnp.uint32)
        bits = 8 * array.dtype.itemsize
        if bits > 64:  # complex128, which XLA has on hosts alone
            return None
        if jnp.iscomplexobj(array):
            array = jnp.stack([array.real, array.imag], axis=-1)
        if bits < 32:
            return jax.lax.bitcast_convert_type(array, f"uint{bits}").astype(jnp.uint32)
        return jax.lax.bitcast_convert_type(array, jnp.uint32)

    def full_precision(self, device: Any) -> AbstractContextManager[Any]:
        made: AbstractContextManager[Any] = jax.default_matmul_precision("highest")
        return made

    def fitted(self, device: Any, shape: tuple[int, ...], name: str) -> Any:
        """The device of an array of a shape, by the sharding of `like=` or one that was given.

        Where that of `like=` does not fit, the array is whole on each of its devices.
        """
        if not _cuts(device) or _fits(device, shape):
            return device
        if name != "like":
            rule = f"must be a sharding that fits the shape {shape}"
            raise must(name, rule, device, "an array whose sharding fits some shapes, as `like`")
        mesh = getattr(device, "mesh", None) or Mesh(
            np.array(list(device.device_set)), ("devices",)
        )
        return NamedSharding(mesh, PartitionSpec(), memory_kind=device.memory_kind)

    def working_device(self, device: Any) -> Any:
        if not _cuts(device):
            return device
        return next(iter(device.device_set)) if len(device.device_set) == 1 else None

    def placed(self, array: Any, device: Any) -> Any:
        return jax.device_put(array, device) if _cuts(device) else array

    def device_of(self, array: Any) -> Any:
        return None if isinstance(array, jax.core.Tracer) else array.sharding  # or that of a struct


def _cuts(device: Any) -> bool:
    """Whether it is a sharding, but that of an array on one device, which fits all shapes."""
    return isinstance(device, Sharding) and not isinstance(device, SingleDeviceSharding)


def _fits(sharding: Any, shape: tuple[int, ...]) -> bool:
    if len(getattr(sharding, "spec", ())) > len(shape):
        return False
    try:
        sharding.shard_shape(shape)
    except (IndexError, ValueError):
        return False
    return True


def _in_mesh() -> bool:
    """Whether a mesh may be set, which then takes what is placed nowhere."""
    mesh_of = getattr(jax.sharding, "get_abstract_mesh", None)
    return mesh_of is None or not mesh_of().empty


def tracing() -> bool:
    """Whether operations are being recorded for a program, as under jit."""
    if outermost is not None and outermost():
        return False
    return isinstance(jnp.zeros((), jnp.float32), jax.core.Tracer)  # no device: never kept


def on_host(device: Any) -> bool:
    """Whether the device, a sharding or the default one, is a CPU."""
    if device is None:
        default = jax.config.jax_default_device
        platform = getattr(default, "platform", default) or jax.default_backend()
        return str(platform) == "cpu"
    devices = getattr(device, "device_set", None) or {device}
    return all(getattr(d, "platform", "") == "cpu" for d in devices)
