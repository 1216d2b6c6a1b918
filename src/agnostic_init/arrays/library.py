"""What is asked of an array library; as it stands here, the array API standard answers it."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np

from agnostic_init.arrays.errors import must

if TYPE_CHECKING:
    from agnostic_init.arrays.memory import Memory
    from agnostic_init.arrays.refusals import Refusal

__all__ = ["COMPAT", "Index", "Library"]

#: What array-api-compat is imported as: the one line to change where a copy of it is to be used.
COMPAT = "array_api_compat"
Index = tuple[slice, ...]

SINCE = "2024.12"  # the first version of the standard that is used as it is
AS_IT_IS: AbstractContextManager[Any] = nullcontext()


class Library:
    """An array library, seen through the array API standard alone.

    The files in ``libraries/`` override what their library does otherwise. Methods take the name of
    a dtype, never the library's own object, except `dtype_name`, which makes the one of the other.

    Parameters
    ----------
    xp
        The namespace; None for that of `namespace`, imported when it is first used.

    Attributes
    ----------
    name
        What the library is called.
    namespace
        The module that follows the standard.
    writes
        Whether arrays can be written.
    lazy
        Whether arrays are made later; then there are `by_blocks` and `deferred`.
    devices
        Whether there is a current device, which `on` changes.
    integers
        The name of the dtype that 64-bit arithmetic on words is done in.
    words
        The name of the dtype of random words that are to be compared.
    of_parts
        The library of the views that `parts` gives, where it is another.
    alignment
        Of host memory, in bytes, that `from_storage` need not copy.
    """

    name = "generic"
    namespace = ""
    writes = True
    lazy = False
    devices = False
    integers = "uint64"
    words = "uint32"
    of_parts: Library | None = None
    alignment = 1

    def __init__(self, xp: Any = None) -> None:
        if xp is not None:
            self.xp = xp

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name})"

    def __getstate__(self) -> dict[str, Any]:
        # Modules are not pickled; that of a name is imported again.
        return {
            name: each for name, each in vars(self).items() if name != "xp" or not self.namespace
        }

    @functools.cached_property
    def xp(self) -> Any:
        """The namespace; that of a library may take long to import, and few need it."""
        return importlib.import_module(self.namespace)

    def has(self, array: Any) -> bool:
        """Whether something is an array of this library."""
        return hasattr(array, "__array_namespace__")

    # dtypes

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

    # devices

    def device(self, device: Any) -> Any:
        """The device, in the library's own terms; None stays None."""
        return device

    def device_of(self, array: Any) -> Any:
        """Where an array lives."""
        return array.device

    def is_gpu(self, device: Any) -> bool:
        """Whether a device, or the default one for None, is one that kernels are launched on."""
        return False

    def fitted(self, device: Any, shape: tuple[int, ...], name: str) -> Any:
        """The device for an array of a shape, of the parameter of that name: "like" or "device"."""
        return device

    def on(self, device: Any) -> AbstractContextManager[Any]:
        """A context in which a device is the current one, where a library has such a thing."""
        return AS_IT_IS

    def working_device(self, device: Any) -> Any:
        """Where arrays of other shapes are made on the way to one that is to be on `device`."""
        return device

    def placed(self, array: Any, device: Any) -> Any:
        """An array that was made on the working device of `device`, where it belongs."""
        return array

    def full_precision(self, device: Any) -> AbstractContextManager[Any]:
        """A context in which products of float32 are not computed in less, whatever was set."""
        return AS_IT_IS

    # arrays that are to be written

    def why_not_writable(self, array: Any) -> Refusal | None:
        """What stands against writing an array; None if it will keep what is written."""
        return None

    def ready(self, array: Any) -> Memory | None:
        """`host_memory` of an array that is plainly one to be written, found in one step.

        None where `why_not_writable` and `host_memory` are to be asked.
        """
        return None

    def all_plain(self, arrays: Sequence[Any]) -> tuple[list[int], list[Any], list[Any]] | None:
        """The addresses, shapes and dtypes of arrays, if each is one that `ready` tells of, and has elements.

        None where each is to be asked.
        """
        return None

    def all_on_gpu(self, arrays: Sequence[Any]) -> tuple[list[int], list[Any], list[Any]] | None:
        """The same of arrays that all are on one GPU, where there is an engine of whole models."""
        return None

    def has_values(self, array: Any) -> bool:
        """Whether an array has values, and not a shape and a dtype alone."""
        return True

    def readable(self, array: Any) -> bool:
        """The same of an array that nothing is known of, which may have lost its memory."""
        return self.has_values(array)

    def parts(self, array: Any) -> Iterable[tuple[Any, Index | None]]:
        """What this process has of an array: views, and the index of each in the global array.

        That of a whole array is None. The views together are all that a write must reach; there is
        none of an array of which other processes have all.
        """
        return ((array, None),)

    def cut(self, array: Any) -> Any:
        """What tells how an array is cut over processes from other ways to cut it; None if it is whole."""
        return None

    def counted(self, array: Any) -> Iterable[tuple[Any, Index | None]]:
        """The same to be read: of all processes together, each element once."""
        return self.parts(array)

    def memory(self, array: Any) -> Memory | None:
        """Where an array's elements are, or None if it has no memory or does not say."""
        return None

    def host_memory(self, array: Any) -> Memory | None:
        """The same, if the host may write there and the library need not know; else None."""
        return None

    def write(self, out: Any, value: Any) -> None:
        """Copy `value` into `out`."""
        out[...] = value

    def write_scalar(self, out: Any, value: Any) -> None:
        """Set all of `out` to a number."""
        out[...] = value

    def write_scalars(self, outs: Sequence[Any], value: Any) -> None:
        """Set all of many arrays to a number."""
        for out in outs:
            self.write_scalar(out, value)

    def written(self, out: Any) -> None:
        """Tell the library that an array's memory was written behind its back."""

    def all_written(self, outs: Sequence[Any]) -> None:
        """The same of arrays that `all_plain` told of."""
        for out in outs:
            self.written(out)

    def rearranged(
        self, array: Any, lengths: Any, order: tuple[int, ...], shape: tuple[int, ...]
    ) -> Any:
        """The array reshaped, permuted and reshaped again, if that shares its memory; else None."""
        return None

    # new arrays

    def check_like(self, like: Any) -> None:
        """Raise if no new array can be made like one."""

    def empty(self, shape: tuple[int, ...], dtype: str, device: Any) -> Any:
        """A new array without values."""
        return self.xp.empty(shape, dtype=self.dtype(dtype), device=device)

    def takes_from_host(self, device: Any, array: Any = None) -> bool:
        """Whether what is to be on a device, or in an array there, is best made by the host.

        Here, where the namespace is of a version before `where` took numbers, or has no float64.
        """
        if str(getattr(self.xp, "__array_api_version__", SINCE)) < SINCE:
            return True
        if not hasattr(self.xp, "__array_namespace_info__"):
            return False
        return "float64" not in self.xp.__array_namespace_info__().dtypes(device=device)

    def from_storage(self, storage: Any, dtype: str, device: Any) -> Any:
        """A new array of what the host has made, as of `to_host`; it may keep that memory."""
        if storage.dtype.name != dtype:
            rule = f"must be one that NumPy has, which computes here what {self.name} cannot"
            raise must("dtype", rule, dtype, "dtype='float32'")
        return self.xp.asarray(storage, device=device)

    def from_storages(
        self, storages: Sequence[Any], dtypes: Sequence[str], device: Any
    ) -> list[Any]:
        """As `from_storage`, of many on one device."""
        return [
            self.from_storage(storage, dtype, device)
            for storage, dtype in zip(storages, dtypes, strict=True)
        ]

    def to_host(self, array: Any) -> Any:
        """The array's storage as a NumPy array, copied where it is elsewhere.

        Formats that NumPy has not are seen as unsigned integers of their size.
        """
        return np.from_dlpack(array)

    def bits_of(self, array: Any) -> Any:
        """The array's bits as 32-bit integers that wrap, on its device; None for the host's to do.

        One for an element of up to 4 bytes, or else one axis more, the lowest word first.
        """
        return None

    def from_host(self, array: Any, device: Any) -> Any:
        """A small array of NumPy's on a device, which is not waited for."""
        return self.xp.asarray(array, device=device)

    def check_dense(self, array: Any) -> None:
        """Raise if an array has no memory of its own for each element, as sparse ones have not."""

    def cast(self, array: Any, name: str) -> Any:
        """The array in another dtype, rounded to nearest even."""
        return self.xp.astype(array, self.dtype(name))

    def without_gradient(self, array: Any) -> Any:
        """The array, of which nothing that is computed is recorded for gradients."""
        return array

    def flip(self, array: Any, axes: tuple[int, ...]) -> Any:
        """The array, running backwards along some axes."""
        return self.xp.flip(array, axis=axes)

    def with_one_nan(self, array: Any) -> Any:
        """The array with one code for NaN, of a format that has several."""
        return array

    def cuts(self, device: Any) -> bool:
        """Whether a device is several that have parts of an array."""
        return False

    def from_parts(
        self, part: Callable[[Any], Any], shape: tuple[int, ...], dtype: str, device: Any
    ) -> Any:
        """Where a device `cuts`: an array of what `part` makes, as storage, of each part's index."""
        raise NotImplementedError

    def by_blocks(
        self,
        function: Callable[[Index], Any],
        shape: tuple[int, ...],
        dtype: Any,
        like: Any,
        of: tuple[Any, ...],
        uncut: int = 0,
    ) -> Any:
        """Of a lazy library: an array of the blocks that `function` makes of their indices.

        In the chunks of `like` where that has this shape; the last axes, `uncut` of them, are cut
        only after that. `of` is all that the values depend on:
        the same array has the same name in every graph.
        """
        raise NotImplementedError

    def deferred(
        self, function: Callable[[], Any], shape: tuple[int, ...], dtype: Any, of: tuple[Any, ...]
    ) -> Any:
        """Of a lazy library: an array of one chunk, which `function` makes; `of` as above."""
        raise NotImplementedError

    def chunked(self, shape: tuple[int, ...], chunks: Any, dtype: str) -> Any:
        """Of a lazy library: an array without values that others are to have the chunks of."""
        raise NotImplementedError

    def in_chunks_of(self, like: Any, array: Any) -> Any:
        """Of a lazy library: the array in the chunks of `like`, where that has its shape."""
        return array
