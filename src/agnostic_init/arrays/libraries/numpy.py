"""NumPy: arrays whose memory is written directly."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any

import numpy as np

from agnostic_init.arrays import library
from agnostic_init.arrays.dtypes import DTYPES, FORMATS
from agnostic_init.arrays.errors import must, not_imported
from agnostic_init.arrays.library import COMPAT, Index
from agnostic_init.arrays.memory import Memory, addresses, overlaps
from agnostic_init.arrays.refusals import OVERLAPPING, READ_ONLY, Refusal

__all__ = ["Library", "storage_view"]

# Writable, aligned and in C's order; and what else is asked of many arrays at once.
WHOLE, SIZE, DTYPE, SHAPE = map(attrgetter, ("flags.carray", "size", "dtype", "shape"))
OWN = {name: np.dtype(name) for name, row in DTYPES.items() if row.storage == name}


class Library(library.Library):
    """NumPy; with ml_dtypes also its bfloat16 and float8 dtypes."""

    name = "numpy"
    namespace = f"{COMPAT}.numpy"

    def has(self, array: Any) -> bool:
        return isinstance(array, (np.ndarray, np.generic))

    def dtype_name(self, dtype: Any) -> str:
        return _name(dtype)

    def dtype(self, name: str) -> Any:
        own = OWN.get(name)
        return _of_ml_dtypes(name) if own is None else own

    def device(self, device: Any) -> Any:
        if device not in (None, "cpu"):
            hint = "xp=torch or xp=cupy; on the command line, --backend torch"
            raise must("device", "must be 'cpu' for NumPy", device, hint)
        return None if device is None else "cpu"

    def device_of(self, array: Any) -> Any:
        return "cpu"

    def why_not_writable(self, array: Any) -> Refusal | None:
        flags = array.flags
        if not flags.writeable:
            return READ_ONLY
        if flags.forc or not overlaps(array.shape, array.strides):
            return None
        return OVERLAPPING

    def ready(self, array: Any) -> Memory | None:
        flags = array.flags
        plain = type(array) is np.ndarray and flags.writeable and flags.c_contiguous
        return Memory.of_numpy(array) if plain and array.dtype.isnative else None

    def all_plain(self, arrays: Sequence[Any]) -> tuple[list[int], list[Any], list[Any]] | None:
        if {*map(type, arrays)} != {np.ndarray}:
            return None
        if not all(map(WHOLE, arrays)) or not all(map(SIZE, arrays)):
            return None
        dtypes = list(map(DTYPE, arrays))
        if not all(dtype.isnative for dtype in {*dtypes}):
            return None
        return addresses(arrays), list(map(SHAPE, arrays)), dtypes

    def all_written(self, outs: Sequence[Any]) -> None:
        """NumPy does not count."""

    def parts(self, array: Any) -> Iterable[tuple[Any, Index | None]]:
        """The memory of an array, to which what a subclass adds, as masks, does not belong."""
        return ((array if type(array) is np.ndarray else array.view(np.ndarray), None),)

    def memory(self, array: Any) -> Memory | None:
        return Memory.of_numpy(array)

    def host_memory(self, array: Any) -> Memory | None:
        return self.memory(array) if array.dtype.isnative else None

    def empty(self, shape: tuple[int, ...], dtype: str, device: Any) -> Any:
        return np.empty(shape, self.dtype(dtype))  # no device: NumPy's only one

    def takes_from_host(self, device: Any, array: Any = None) -> bool:
        return False  # it is the host

    def from_storage(self, storage: Any, dtype: str, device: Any) -> Any:
        return storage.view(self.dtype(dtype))

    def to_host(self, array: Any) -> Any:
        return storage_view(array)

    def rearranged(
        self, array: Any, lengths: Any, order: tuple[int, ...], shape: tuple[int, ...]
    ) -> Any:
        taken_apart = array.reshape(lengths).transpose(order)
        view = taken_apart.reshape(shape)
        return view if np.may_share_memory(view, array) else None


def storage_view(array: Any) -> Any:
    """The array itself, or as unsigned integers where its format is not one of NumPy's own.

    A copy where its bytes are not in the machine's order.
    """
    storage = DTYPES[_name(array.dtype)].storage
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    return array if storage == array.dtype.name else array.view(storage)


@functools.lru_cache(maxsize=256)
def _name(dtype: Any) -> str:
    return str(np.dtype(dtype).name)


def _of_ml_dtypes(name: str) -> Any:
    try:
        import ml_dtypes
    except ImportError as error:
        if name not in FORMATS:
            raise must("dtype", "must be a dtype that numpy or ml_dtypes has", name) from None
        what = f"dtype {name!r} in NumPy"
        raise not_imported(error, "ml_dtypes", what, "low-precision") from error
    found = getattr(ml_dtypes, name, None)
    if found is None:
        raise must("dtype", "must be a dtype that numpy or ml_dtypes has", name)
    return np.dtype(found)
