"""CuPy: arrays on CUDA devices."""

from __future__ import annotations

import functools
import re
from contextlib import AbstractContextManager
from typing import Any

import cupy
import numpy as np

from agnostic_init.arrays import library
from agnostic_init.arrays.errors import must
from agnostic_init.arrays.libraries import cupy_precision
from agnostic_init.arrays.libraries.numpy import storage_view
from agnostic_init.arrays.memory import Memory, overlaps
from agnostic_init.arrays.refusals import OVERLAPPING, Refusal

__all__ = ["Library"]


class Library(library.Library):
    """CuPy, whose dtypes are NumPy's."""

    name = "cupy"
    devices = True
    namespace = f"{library.COMPAT}.cupy"

    def has(self, array: Any) -> bool:
        return isinstance(array, cupy.ndarray)

    def dtype_name(self, dtype: Any) -> str:
        return str(np.dtype(dtype).name)

    def dtype(self, name: str) -> Any:
        try:
            found = np.dtype(name)
        except TypeError:
            found = None
        if found is None or not _has(found):
            raise must("dtype", "must be a dtype that cupy has", name, "another, or xp=numpy")
        return found

    def device(self, device: Any) -> Any:
        if device is None or isinstance(device, cupy.cuda.Device):
            return device
        found = re.fullmatch(r"(?:cuda:)?([0-9]{1,4})|cuda", str(device))
        if not found:
            raise must("device", "must be a CUDA device", device, "device='cuda:0'")
        number, count = int(found[1] or 0), _count()
        if number >= count:
            rule = f"must be one of the {count} CUDA devices that CuPy finds, numbered from 0"
            raise must("device", rule, device)
        return cupy.cuda.Device(number)

    def on(self, device: Any) -> AbstractContextManager[Any]:
        """Its namespace takes `device=`, and makes the array on the current device all the same."""
        return super().on(device) if device is None else device

    def empty(self, shape: tuple[int, ...], dtype: str, device: Any) -> Any:
        with self.on(device):
            return super().empty(shape, dtype, device)

    def takes_from_host(self, device: Any, array: Any = None) -> bool:
        return False

    def is_gpu(self, device: Any) -> bool:
        return True

    def full_precision(self, device: Any) -> AbstractContextManager[Any]:
        return cupy_precision.full_precision(device)

    def memory(self, array: Any) -> Memory:
        place = f"cuda:{array.device.id}"
        strides = None if array.flags.c_contiguous else array.strides
        return Memory(place, array.data.ptr, array.shape, strides, array.itemsize)

    def to_host(self, array: Any) -> Any:
        return storage_view(array.get())

    def bits_of(self, array: Any) -> Any:
        if array.itemsize < 4:
            return array.view(f"uint{8 * array.itemsize}").astype(cupy.uint32)
        if array.itemsize == 4:
            return array.view(cupy.uint32)
        return cupy.ascontiguousarray(array).reshape(*array.shape, 1).view(cupy.uint32)

    def rearranged(
        self, array: Any, lengths: Any, order: tuple[int, ...], shape: tuple[int, ...]
    ) -> Any:
        view = array.reshape(lengths).transpose(order).reshape(shape)
        return view if cupy.may_share_memory(view, array) else None

    def with_one_nan(self, array: Any) -> Any:
        # A GPU casts NaN to another code than hosts do.
        name = f"uint{8 * array.itemsize}"
        infinity, nan = (np.asarray(x, array.dtype).view(name) for x in (np.inf, np.nan))
        sign, codes = 1 << 8 * array.itemsize - 1, array.view(name)
        above = (codes & (sign - 1)) > int(infinity)
        return cupy.where(above, codes.dtype.type(nan), codes).view(array.dtype)

    def why_not_writable(self, array: Any) -> Refusal | None:
        return OVERLAPPING if overlaps(array.shape, array.strides) else None


@functools.cache
def _has(dtype: Any) -> bool:
    """Whether CuPy has arrays of a dtype, which of those of ml_dtypes it has few of."""
    if dtype.isbuiltin == 1:
        return dtype.kind in "?biufc"
    if dtype.name != "bfloat16":  # another it may take by its letter for one of NumPy's
        return False
    try:
        cupy.empty(0, dtype)  # no device: any one tells of a dtype
    except (TypeError, ValueError):
        return False
    except cupy.cuda.runtime.CUDARuntimeError:  # there is no GPU, which is said elsewhere
        return True
    return True


def _count() -> int:
    """How many GPUs there are: none where there is no driver."""
    try:
        return int(cupy.cuda.runtime.getDeviceCount())
    except cupy.cuda.runtime.CUDARuntimeError:
        return 0
