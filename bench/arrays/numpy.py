"""NumPy's arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.arrays import OnHost
from bench.job import Missing, NotOffered

__all__ = ["Arrays"]


class Arrays(OnHost):
    namespace = np

    def __init__(self, device: str, threads: int) -> None:
        super().__init__()
        if device != "cpu":
            msg = "NumPy is on the CPU"
            raise Missing(msg)
        self.device, self.threads = device, threads

    def dtype(self, name: str) -> np.dtype:
        if name == "bfloat16":
            try:
                import ml_dtypes
            except ImportError as error:
                msg = "NumPy has no bfloat16 without ml_dtypes"
                raise NotOffered(msg) from error
            return np.dtype(ml_dtypes.bfloat16)
        return np.dtype(name)

    def unwritten(self, shape: tuple[int, ...], dtype: str) -> np.ndarray:
        out = np.empty(shape, self.dtype(dtype))
        # All bits set is NaN in every floating dtype.
        out.reshape(-1).view(np.uint8).fill(255)
        return out

    def numbers(self, array: Any, count: int) -> np.ndarray:
        return _float64(np.asarray(array).reshape(-1)[:count])


def _float64(array: np.ndarray) -> np.ndarray:
    return array.real.astype(np.float64)
