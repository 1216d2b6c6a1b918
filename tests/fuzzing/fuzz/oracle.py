"""What must come out: each element from its own position by the definition, no block and no engine."""

from __future__ import annotations

import functools
import itertools
import math
from typing import Any

import numpy as np

from agnostic_init.arrays.dtypes import DTYPES
from agnostic_init.arrays.target import library_of
from agnostic_init.bits.key import Key
from agnostic_init.bits.philox import philox_block
from agnostic_init.draws.record import Draw
from agnostic_init.draws.reference import evaluate
from fuzz.programs import Fault

__all__ = [
    "bytes_of",
    "check_close",
    "check_equal",
    "exact",
    "expected",
    "is_exact",
    "numpy_dtype",
    "positions",
]

LIMIT = 1 << 64
MASK = (1 << 32) - 1


def expected(draw: Draw, key: Key, places: list[int], shape: tuple[int, ...]) -> Any:
    """The values at row-major positions, as an array of that shape."""
    words = []
    for n in range(draw.words):
        numbers = [_word(key, place * draw.words + n) for place in places]
        words.append(np.array(numbers, np.uint64))
    dtype = np.dtype(numpy_dtype(draw.dtype))
    if draw.kind == "bits":
        return words[0].astype(dtype).reshape(shape)
    with np.errstate(all="ignore"):
        found = evaluate(draw, np, np.float32, np.float64, words)
        if isinstance(found, tuple):
            made = np.empty(len(places), dtype)
            made.real, made.imag = found
            return made.reshape(shape)
        return found.astype(dtype).reshape(shape)


def positions(shape: tuple[int, ...], index: Any) -> tuple[list[int], tuple[int, ...]]:
    """Row-major positions that a basic index selects, by Python's own ranges; and the shape."""
    items = list(index) if isinstance(index, tuple) else [index]
    if index is None:
        items = [Ellipsis]
    if Ellipsis not in items:
        items.append(Ellipsis)
    at = items.index(Ellipsis)
    items[at : at + 1] = [slice(None)] * (len(shape) - len(items) + 1)
    axes, lengths = [], []
    for length, item in zip(shape, items, strict=True):
        picked = range(length)[item]
        if isinstance(picked, range):
            axes.append(picked)
            lengths.append(len(picked))
        else:
            axes.append(range(picked, picked + 1))
    strides = [math.prod(shape[n + 1 :]) for n in range(len(shape))]
    places = [
        sum(i * stride for i, stride in zip(each, strides, strict=True))
        for each in itertools.product(*axes)
    ]
    return places, tuple(lengths)


def bytes_of(array: Any) -> Any:
    """The array's memory in row-major order, as unsigned integers of one byte."""
    name = type(array).__module__.partition(".")[0]
    if name == "torch":
        import torch

        flat = array.detach().resolve_conj().resolve_neg().flatten()
        return torch.empty(flat.shape, dtype=flat.dtype).copy_(flat).view(torch.uint8).numpy()
    if name == "dask":
        array = array.compute()
    elif name == "array_api_strict":
        array = np.from_dlpack(array)
    return np.ascontiguousarray(np.asarray(array)).reshape(-1).view(np.uint8)


def exact(draw: Draw) -> bool:
    """Whether every library has the very same bits: all but what float64 is too short for."""
    return draw.kind in ("bits", "uniform") or (draw.kind == "quantile" and draw.bits == 24)


def is_exact(init: Any, dtype: str) -> bool:
    """The same of all that an initializer draws."""
    several = getattr(init, "inits", None) or ([init.init] if hasattr(init, "init") else [])
    if several:
        return all(is_exact(each, dtype) for each in several)
    draws = type(init).__name__ in ("normal", "truncated_normal", "uniform", "variance_scaling")
    wide = DTYPES[dtype].precision == 53 or DTYPES[dtype].is_complex
    return bool(init.elementwise) and not (draws and wide)


def check_equal(got: Any, want: Any) -> None:
    """Two arrays of any libraries have the same shape, dtype and bytes."""
    _check_kind(got, want)
    mine, theirs = bytes_of(got), bytes_of(want)
    if not np.array_equal(mine, theirs):
        first = int(np.nonzero(mine != theirs)[0][0])
        raise Fault(f"byte {first} differs: {_shown(got)} is not {_shown(want)}")


def check_close(got: Any, want: Any, ulps: float) -> None:
    """Two arrays agree to so many units in the last place of their largest number."""
    _check_kind(got, want)
    dtype = np.dtype(numpy_dtype(_name(got)))
    mine, theirs = (bytes_of(each).view(dtype) for each in (got, want))
    wide = np.complex128 if dtype.kind == "c" else np.float64
    mine, theirs = mine.astype(wide), theirs.astype(wide)
    if not mine.size:
        return
    if not np.isfinite(mine).all():
        raise Fault(f"not finite: {_shown(got)}")
    row = DTYPES[_name(got)]
    most = float(np.abs(theirs).max())
    # Of float32 and wider ones XLA has zeros for the subnormal.
    least = 2.0**row.min_exponent if ulps and row.min_exponent < -100 else 0.0
    slack = max(ulps * most * 2.0 ** (1 - row.precision), least)
    if float(np.abs(mine - theirs).max()) > slack:
        raise Fault(f"{_shown(got)} is not {_shown(want)}")


def _check_kind(got: Any, want: Any) -> None:
    if tuple(got.shape) != tuple(want.shape):
        raise Fault(f"the shape is {tuple(got.shape)}, not {tuple(want.shape)}")
    if _name(got) != _name(want):
        raise Fault(f"the dtype is {got.dtype}, not {want.dtype}")


def _name(array: Any) -> str:
    return library_of(array).dtype_name(array.dtype)


def _shown(array: Any) -> str:
    text = str(np.asarray(array)) if isinstance(array, np.ndarray) else str(array)
    return text if len(text) < 400 else text[:400] + "..."


@functools.cache
def numpy_dtype(name: str) -> Any:
    """NumPy's dtype of a name, or that of ml_dtypes."""
    try:
        return np.dtype(name)
    except TypeError:
        import ml_dtypes

        return np.dtype(getattr(ml_dtypes, name))


def _word(key: Key, number: int) -> int:
    return _block((key.offset + (number >> 2)) % LIMIT, key.words)[number & 3]


@functools.lru_cache(maxsize=4096)
def _block(counter: int, words: tuple[int, int]) -> Any:
    return philox_block((counter & MASK, counter >> 32, 0, 0), words)
