"""Constants and independent draws of given parameters, as in ``torch.nn.init``."""

from __future__ import annotations

from typing import Any

from agnostic_init.arrays.errors import ParameterError, must
from agnostic_init.arrays.numbers import real_number
from agnostic_init.arrays.untraced import untraced
from agnostic_init.compat.torch_init.refusing import refused, warn
from agnostic_init.compat.torch_init.writing import (
    has_values,
    kept,
    number,
    overridable,
    set_all,
    write,
)
from agnostic_init.initializers.base import Initializer
from agnostic_init.initializers.constant import constant
from agnostic_init.initializers.random import normal, truncated_normal, uniform

__all__ = [
    "constant_",
    "normal_",
    "normal_of",
    "ones_",
    "trunc_normal_",
    "trunc_normal_of",
    "uniform_",
    "uniform_of",
    "zeros_",
]

# The beginning is torch's, which code filters by; of ours the rest is true.
FAR = (
    "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. The distribution of values may "
    "be incorrect, in torch; here it is right: every value is from a far tail."
)


@kept
def uniform_of(a: Any = 0.0, b: Any = 1.0) -> Initializer:
    """What `uniform_` fills a tensor with."""
    try:
        low, high = _bounds(a, b)
        return constant(low) if low == high else uniform(low, high)
    except ParameterError as error:
        raise refused(error, low="a", high="b") from None


@kept
def normal_of(mean: Any = 0.0, std: Any = 1.0) -> Initializer:
    """What `normal_` fills a tensor with."""
    try:
        return normal(mean, std)
    except ParameterError as error:
        raise refused(error) from None


def trunc_normal_of(mean: Any = 0.0, std: Any = 1.0, a: Any = -2.0, b: Any = 2.0) -> Initializer:
    """What `trunc_normal_` fills a tensor with; a warning where all of it is from a far tail."""
    try:
        center, spread = real_number("mean", number(mean)), real_number("std", number(std))
        low, high = _bounds(a, b)
    except ParameterError as error:
        raise refused(error, lower="a", upper="b") from None
    if center < low - 2 * spread or center > high + 2 * spread:
        warn(FAR)
    return _truncated(center, spread, low, high)


@kept
def _truncated(mean: float, std: float, a: float, b: float) -> Initializer:
    try:
        if a == b:
            return constant(a)
        return truncated_normal(mean, std, a, b, bounds="absolute")
    except ParameterError as error:
        raise refused(error, lower="a", upper="b") from None


def _bounds(a: Any, b: Any) -> tuple[float, float]:
    low = real_number("a", number(a), infinite=True)
    high = real_number("b", number(b), infinite=True)
    if low > high:
        raise must("a", f"must be at most `b`, which is {b!r}", a)
    return low, high


@overridable
@untraced
def uniform_(tensor: Any, a: float = 0.0, b: float = 1.0, generator: Any = None) -> Any:
    """Fill a tensor uniformly on [a, b).

    Parameters
    ----------
    tensor
        A tensor of torch or a writable array.
    a, b
        The bounds; `b` is not reached in any dtype, unless it equals `a`.
    generator
        See `agnostic_init.compat.torch_init`.

    Examples
    --------
    >>> import numpy as np
    >>> w = np.empty(3, np.float32)
    >>> uniform_(w, -0.05, 0.05, generator=0)
    array([-0.03441035, -0.00868294, -0.01575272], dtype=float32)
    """
    return write(uniform_of(a, b), tensor, generator)


@overridable
@untraced
def normal_(tensor: Any, mean: float = 0.0, std: float = 1.0, generator: Any = None) -> Any:
    """Fill a tensor with normal values.

    Parameters
    ----------
    tensor
        A tensor of torch or a writable array.
    mean, std
        Of the distribution; for a complex tensor ``std**2`` is ``E|x - mean|^2``.
    generator
        See `agnostic_init.compat.torch_init`.

    Examples
    --------
    >>> import numpy as np
    >>> normal_(np.empty(3, np.float32), std=0.02, generator=42)
    array([0.02779921, 0.0345919 , 0.0133219 ], dtype=float32)
    """
    return write(normal_of(mean, std), tensor, generator)


@untraced
def trunc_normal_(
    tensor: Any,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Any = None,
) -> Any:
    """Fill a tensor with normal values confined to [a, b].

    Parameters
    ----------
    tensor
        A tensor of torch or a writable array.
    mean, std
        Of the normal before it is truncated.
    a, b
        The bounds, as values and not as multiples of `std`: with ``std=0.02`` the default ones
        are a hundred sigmas away. They may be infinite, and as far in a tail as they like.
    generator
        See `agnostic_init.compat.torch_init`.

    Warns
    -----
    UserWarning
        If `mean` lies more than two `std` outside of [a, b].

    Examples
    --------
    >>> import numpy as np
    >>> trunc_normal_(np.empty(3, np.float32), std=0.02, a=-0.04, b=0.04, generator=42)
    array([0.02548615, 0.03065038, 0.01262561], dtype=float32)
    """
    if not has_values(tensor):
        return tensor
    return write(trunc_normal_of(mean, std, a, b), tensor, generator)


@overridable
def constant_(tensor: Any, val: float) -> Any:
    """Fill a tensor, of any dtype, with a number.

    Examples
    --------
    >>> import numpy as np
    >>> constant_(np.empty(2), 0.25)
    array([0.25, 0.25])
    """
    return set_all(tensor, val)


def ones_(tensor: Any) -> Any:
    """Fill a tensor, of any dtype, with ones.

    Examples
    --------
    >>> import numpy as np
    >>> ones_(np.empty(2))
    array([1., 1.])
    """
    return set_all(tensor, 1)


def zeros_(tensor: Any) -> Any:
    """Fill a tensor, of any dtype, with zeros.

    Examples
    --------
    >>> import numpy as np
    >>> zeros_(np.empty(2))
    array([0., 0.])
    """
    return set_all(tensor, 0)
