"""Dask: arrays made block by block, later."""

from __future__ import annotations

from typing import Any

import numpy as np

from agnostic_init.arrays.libraries import numpy

__all__ = ["Library"]


class Library(numpy.Library):
    """Dask over NumPy."""

    name = "dask"
    writes = False

    def dtype_name(self, dtype: Any) -> str:
        return str(np.dtype(dtype).name)

    def host_view(self, array: Any) -> Any:
        return None

    def to_host(self, array: Any) -> Any:
        return numpy.storage_view(np.asarray(array))
