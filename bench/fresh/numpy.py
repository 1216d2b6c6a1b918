"""NumPy's ``Generator``, in place; orthogonal matrices by ``numpy.linalg.qr``, with Haar's signs."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.plans import Model

__all__ = ["initialize", "numbers", "orthogonal", "tensors", "wait"]


def tensors(model: Model, dtype: str) -> dict[str, np.ndarray]:
    if dtype == "bfloat16":
        msg = "NumPy has no bfloat16 without ml_dtypes"
        raise NotImplementedError(msg)
    return {n: np.full(s, np.nan, np.dtype(dtype)) for n, s in model.shapes.items()}


def initialize(tensors: dict[str, np.ndarray], model: Model, dtype: str) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    for each in model.tensors():
        out = tensors[each.name]
        match each.law.kind:
            case "constant":
                out.fill(each.law.scale)
            case "normal" | "kaiming_normal":
                rng.standard_normal(dtype=out.dtype, out=out)
                out *= each.std
            case "orthogonal":
                out[...] = orthogonal(rng, out.shape, dtype, np.linalg.qr)
            case kind:
                msg = f"NumPy's Generator has no {kind}"
                raise NotImplementedError(msg)
    return list(tensors.values())


def orthogonal(rng: np.random.Generator, shape: tuple[int, ...], dtype: str, qr: Any) -> np.ndarray:
    """The Q of a Gaussian's QR, its columns given the signs of R's diagonal."""
    *batch, rows, columns = shape
    m, n = max(rows, columns), min(rows, columns)
    q, r = qr(rng.standard_normal((*batch, m, n), dtype=np.dtype(dtype)))
    q *= np.sign(np.diagonal(r, axis1=-2, axis2=-1))[..., None, :]
    return q if rows >= columns else np.swapaxes(q, -1, -2)


def wait(made: Any) -> None:
    """It is there."""


def numbers(array: np.ndarray, count: int) -> np.ndarray:
    return array.reshape(-1)[:count].astype(np.float64)
