"""What is assumed of an array library that nothing more is known of: the standard."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from agnostic_init.arrays.errors import must
from agnostic_init.arrays.memory import Memory

__all__ = ["Library"]

ANYWHERE = nullcontext()


class Library:
    """An array library, seen through the array API standard alone.

    The files beside this one override what their library does otherwise. Methods take the name of
    a dtype, never the library's own object, except `dtype_name`, which makes the one of the other.
    """

    name = "generic"
    writes = True
    lazy = False
    integers = "uint64"

    def __init__(self, xp: Any) -> None:
        self.xp = xp

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name})"

    def dtype_name(self, dtype: Any) -> str:
        """The name of one of the library's dtypes, without the library's own name."""
        return str(dtype).rpartition(".")[2]

    def dtype(self, name: str) -> Any:
        """The library's dtype of that name."""
        found = getattr(self.xp, name, None)
        if found is None:
            raise must("dtype", f"must be a dtype that {self.name} has", name)
        return found

    def default_dtype(self) -> str:
        """The name of the dtype that the library's own creation functions use."""
        return "float32"

    def device(self, device: Any) -> Any:
        """The device, in the library's own terms; None stays None."""
        return device

    def fitted(self, device: Any, shape: tuple[int, ...], name: str) -> Any:
        """The device for an array of a shape, of the parameter of that name: "like" or "device"."""
        return device

    def on(self, device: Any) -> AbstractContextManager[Any]:
        """A context in which a device is the current one, where a library has such a thing."""
        return ANYWHERE

    def working_device(self, device: Any) -> Any:
        """Where arrays of other shapes are made on the way to one that is to be on `device`."""
        return device

    def placed(self, array: Any, device: Any) -> Any:
        """An array that was made on the working device of `device`, where it belongs."""
        return array

    def device_of(self, array: Any) -> Any:
        """Where an array lives."""
        return array.device

    def why_not_writable(self, array: Any) -> str:
        """What stands against writing an array; empty if nothing does."""
        return ""

    def check_like(self, like: Any) -> None:
        """Raise if no new array can be made like one."""

    def has_values(self, array: Any) -> bool:
        """Whether an array has values, and not a shape and a dtype alone."""
        return True

    def memory(self, array: Any) -> Memory | None:
        """Where an array's elements are, or None if it has no memory or does not say."""
        return None

    def host_memory(self, array: Any) -> Memory | None:
        """Where an array's elements may be written by the host; None if the library must do it."""
        return None

    def parts(self, array: Any) -> Iterator[tuple[Any, Any]] | None:
        """What an array that is split is made of: views, and their indices in the whole; or None."""
        return None

    def empty(self, shape: tuple[int, ...], dtype: str, device: Any) -> Any:
        """A new array without values."""
        return self.xp.empty(shape, dtype=self.dtype(dtype), device=device)

    def takes_from_host(self, device: Any, array: Any = None) -> bool:
        """Whether what is to be on a device, or in an array there, is best made by the host."""
        return False

    def from_storage(self, storage: Any, dtype: str, device: Any) -> Any:
        """A new array of what the host has made, as of `to_host`; it may keep that memory."""
        raise NotImplementedError

    def to_host(self, array: Any) -> Any:
        """The array's storage as a NumPy array, copied where it is elsewhere.

        Formats that NumPy has not are seen as unsigned integers of their size.
        """
        return np.from_dlpack(array)

    def from_host(self, array: Any, device: Any) -> Any:
        """A small array of NumPy's on a device, which is not waited for."""
        return self.xp.asarray(array, device=device)

    def cast(self, array: Any, name: str) -> Any:
        """The array in another dtype, rounded to nearest even."""
        return self.xp.astype(array, self.dtype(name))

    def write(self, out: Any, value: Any) -> None:
        """Copy `value` into `out`."""
        out[...] = value

    def write_scalar(self, out: Any, value: Any) -> None:
        """Set all of `out` to a number."""
        out[...] = value

    def written(self, out: Any) -> None:
        """Tell the library that an array's memory was written behind its back."""

    def rearranged(
        self, array: Any, lengths: Any, order: tuple[int, ...], shape: tuple[int, ...]
    ) -> Any:
        """The array reshaped, permuted and reshaped again, if that shares its memory; else None."""
        return None
