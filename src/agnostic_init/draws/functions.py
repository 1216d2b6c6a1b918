"""The random numbers themselves, as arrays of any library."""

from __future__ import annotations

from functools import partial
from typing import Any

from agnostic_init.draws.distributions import (
    bits_draw,
    check_truncated_normal,
    normal_draw,
    truncated_normal_draw,
    uniform_draw,
)
from agnostic_init.draws.produce import produce

__all__ = ["bits", "normal", "truncated_normal", "uniform"]


def bits(
    shape: Any,
    *,
    key: Any,
    like: Any = None,
    xp: Any = None,
    dtype: Any = None,
    device: Any = None,
    index: Any = None,
    chunks: Any = None,
    out: Any = None,
) -> Any:
    """Random 32-bit words: those of stream v1 at the array's row-major positions.

    Parameters
    ----------
    shape
        Global shape: an integer or a sequence of them, of at most 2^64 elements.
    key
        Anything that `agnostic_init.key` takes. There is no default.
    like, xp, device
        The array library and the device, taken from an array or given by name. The default is NumPy.
    dtype
        uint32 (the default), or int64, which holds the same words.
    index
        A block of the global array, by basic indexing; None for all of it.
    chunks
        Of an array of Dask's, as Dask takes them; by default those of `like`, or automatic ones.
    out
        An array to write instead of a new one, of the block's shape.

    Returns
    -------
    array

    Examples
    --------
    >>> import agnostic_init as ai
    >>> [f"{word:08x}" for word in ai.draws.bits(4, key=42)]
    ['9ceaf053', '77f5493b', '12bf50ad', '5742b3d7']
    """
    if dtype is None and out is None:
        dtype = "uint32"
    return produce(
        bits_draw,
        shape,
        key=key,
        like=like,
        xp=xp,
        dtype=dtype,
        device=device,
        index=index,
        chunks=chunks,
        out=out,
    )


def uniform(
    shape: Any,
    low: float = 0.0,
    high: float = 1.0,
    *,
    key: Any,
    like: Any = None,
    xp: Any = None,
    dtype: Any = None,
    device: Any = None,
    index: Any = None,
    chunks: Any = None,
    out: Any = None,
) -> Any:
    """Uniform random numbers on the half-open interval [low, high).

    Parameters
    ----------
    shape
        Global shape: an integer or a sequence of them, of at most 2^64 elements.
    low, high
        The interval. No value is below `low`, and none reaches `high`, in any dtype. For a complex
        dtype, the numbers are uniform on the disk of radius `high` (if `low` is 0 or ``-high``) or
        on the annulus of moduli from `low` to `high`.
    key
        Anything that `agnostic_init.key` takes. There is no default.
    like, xp, dtype, device
        The array library, dtype and device. The default is float32 in NumPy.
    index
        A block of the global array, by basic indexing; None for all of it.
    chunks
        Of an array of Dask's, as Dask takes them; by default those of `like`, or automatic ones.
    out
        An array to write instead of a new one, of the block's shape.

    Returns
    -------
    array

    Raises
    ------
    ParameterError, ParameterTypeError
        If a parameter has a value or a type that cannot work; the message names it.

    Notes
    -----
    A float32 has 24 random bits and a float64 has 53. They are multiples of 2^-24 or 2^-53, scaled
    and shifted in float64 and rounded once. Smaller dtypes are the float32 rounded once.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.draws.uniform(3, key=42)
    array([0.91772956, 0.95814866, 0.74732476], dtype=float32)
    """
    return produce(
        partial(uniform_draw, low, high),
        shape,
        key=key,
        like=like,
        xp=xp,
        dtype=dtype,
        device=device,
        index=index,
        chunks=chunks,
        out=out,
    )


def normal(
    shape: Any,
    mean: complex = 0.0,
    std: float = 1.0,
    *,
    key: Any,
    like: Any = None,
    xp: Any = None,
    dtype: Any = None,
    device: Any = None,
    index: Any = None,
    chunks: Any = None,
    out: Any = None,
) -> Any:
    """Normal random numbers.

    Parameters
    ----------
    shape
        Global shape: an integer or a sequence of them, of at most 2^64 elements.
    mean, std
        Mean and standard deviation. For a complex dtype, ``E|x - mean|^2`` is ``std**2``, so each
        part has the standard deviation ``std / sqrt(2)``.
    key
        Anything that `agnostic_init.key` takes. There is no default.
    like, xp, dtype, device
        The array library, dtype and device. The default is float32 in NumPy.
    index
        A block of the global array, by basic indexing; None for all of it.
    chunks
        Of an array of Dask's, as Dask takes them; by default those of `like`, or automatic ones.
    out
        An array to write instead of a new one, of the block's shape.

    Returns
    -------
    array

    Raises
    ------
    ParameterError, ParameterTypeError
        If a parameter has a value or a type that cannot work; the message names it.

    Notes
    -----
    A standard normal float32 is the float32 nearest to the exact quantile of an odd multiple of
    2^-25, so none is beyond 5.42 sigmas. Smaller dtypes are the float32 rounded once.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.draws.normal(3, key=42)
    array([1.3899606 , 1.7295952 , 0.66609496], dtype=float32)
    """
    return produce(
        partial(normal_draw, mean, std),
        shape,
        key=key,
        like=like,
        xp=xp,
        dtype=dtype,
        device=device,
        index=index,
        chunks=chunks,
        out=out,
    )


def truncated_normal(
    shape: Any,
    mean: complex = 0.0,
    std: float = 1.0,
    lower: float = -2.0,
    upper: float = 2.0,
    *,
    bounds: str = "sigma",
    std_of: str = "parent",
    key: Any,
    like: Any = None,
    xp: Any = None,
    dtype: Any = None,
    device: Any = None,
    index: Any = None,
    chunks: Any = None,
    out: Any = None,
) -> Any:
    """Normal random numbers confined to an interval.

    They are made by inverting the CDF, in the same time for any bounds.

    Parameters
    ----------
    shape
        Global shape: an integer or a sequence of them, of at most 2^64 elements.
    mean, std
        Mean and standard deviation of the normal before it is truncated; see `std_of`.
    lower, upper
        The bounds, which may be infinite. No value is beyond them, in any dtype. For a complex
        dtype, `lower` must be ``-upper``, and `upper` bounds the modulus of ``x - mean``.
    bounds
        "sigma": `lower` and `upper` are multiples of `std` about `mean`, as in JAX, Keras and
        TensorFlow. "absolute": they are values, as in torch.
    std_of
        "parent": `std` belongs to the normal before truncation. "result": it belongs to the
        truncated normal.
    key
        Anything that `agnostic_init.key` takes. There is no default.
    like, xp, dtype, device
        The array library, dtype and device. The default is float32 in NumPy.
    index
        A block of the global array, by basic indexing; None for all of it.
    chunks
        Of an array of Dask's, as Dask takes them; by default those of `like`, or automatic ones.
    out
        An array to write instead of a new one, of the block's shape.

    Returns
    -------
    array

    Raises
    ------
    ParameterError, ParameterTypeError
        If a parameter has a value or a type that cannot work; the message names it.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.draws.truncated_normal(3, key=42)
    array([1.2743076 , 1.5325191 , 0.63128054], dtype=float32)
    >>> ai.draws.truncated_normal(3, lower=8, upper=float("inf"), key=42)
    array([8.302015, 8.381921, 8.16768 ], dtype=float32)
    """
    check_truncated_normal(mean, std, lower, upper, bounds, std_of)
    return produce(
        partial(truncated_normal_draw, mean, std, lower, upper, bounds, std_of),
        shape,
        key=key,
        like=like,
        xp=xp,
        dtype=dtype,
        device=device,
        index=index,
        chunks=chunks,
        out=out,
    )
