"""Draws scaled by the fans of a weight in torch's layout, as in ``torch.nn.init``."""

from __future__ import annotations

import functools
from typing import Any

from agnostic_init.arrays.errors import ParameterError, check_choice, must
from agnostic_init.arrays.numbers import real_number
from agnostic_init.arrays.untraced import untraced
from agnostic_init.compat.torch_init.refusing import refused, warn
from agnostic_init.compat.torch_init.writing import number, overridable, shape_of, write
from agnostic_init.gains.gain import TORCH_NAMES
from agnostic_init.gains.gain import gain as gain_of
from agnostic_init.initializers.base import Initializer
from agnostic_init.initializers.constant import zeros
from agnostic_init.initializers.scaling import variance_scaling
from agnostic_init.layouts.axes import split_axes

__all__ = [
    "calculate_gain",
    "kaiming_normal_",
    "kaiming_of",
    "kaiming_uniform_",
    "xavier_normal_",
    "xavier_of",
    "xavier_uniform_",
]

MODES = ("fan_in", "fan_out")
MOST = 1e150  # its square is still a float
EMPTY = "Initializing zero-element tensors is a no-op"  # torch's words, which code filters by


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """Return the gain that torch's table has for an activation function.

    Parameters
    ----------
    nonlinearity
        A name of the table; see `agnostic_init.gain` for all other functions.
    param
        The slope of "leaky_relu", 0.01 by default; of the others it is not looked at.

    Examples
    --------
    >>> calculate_gain("tanh")
    1.6666666666666667
    """
    return _gain(nonlinearity, param, "param", "agnostic_init.gain, which knows all functions")


@untraced
def xavier_uniform_(tensor: Any, gain: float = 1.0, generator: Any = None) -> Any:
    """Fill a tensor uniformly, with the variance ``2 gain^2 / (fan_in + fan_out)``.

    Parameters
    ----------
    tensor
        A tensor of torch or a writable array, of two dimensions or more.
    gain
        A factor of the values.
    generator
        See `agnostic_init.compat.torch_init`.

    Examples
    --------
    >>> import math
    >>> import numpy as np
    >>> w = xavier_uniform_(np.empty((100, 50)), calculate_gain("relu"), generator=0)
    >>> bool(0.27 < abs(w).max() < math.sqrt(2 * 6 / 150))
    True
    """
    return write(xavier_of(tensor, "uniform", gain), tensor, generator)


@untraced
def xavier_normal_(tensor: Any, gain: float = 1.0, generator: Any = None) -> Any:
    """Fill a tensor with normal values, of the variance ``2 gain^2 / (fan_in + fan_out)``.

    Parameters
    ----------
    tensor
        A tensor of torch or a writable array, of two dimensions or more.
    gain
        A factor of the values.
    generator
        See `agnostic_init.compat.torch_init`.

    Examples
    --------
    >>> import numpy as np
    >>> xavier_normal_(np.empty((3, 5), np.float32), generator=0).shape
    (3, 5)
    """
    return write(xavier_of(tensor, "normal", gain), tensor, generator)


@overridable
@untraced
def kaiming_uniform_(
    tensor: Any,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Any = None,
) -> Any:
    """Fill a tensor uniformly, with the variance ``gain^2 / n``, n its fan in or fan out.

    Parameters
    ----------
    tensor
        A tensor of torch or a writable array, of two dimensions or more.
    a
        The slope of "leaky_relu", where that is the `nonlinearity`.
    mode
        "fan_in" or "fan_out".
    nonlinearity
        What `calculate_gain` takes the gain of.
    generator
        See `agnostic_init.compat.torch_init`.

    Warns
    -----
    UserWarning
        If the tensor has no elements.

    Examples
    --------
    >>> import math
    >>> import numpy as np
    >>> w = kaiming_uniform_(np.empty((100, 50)), mode="fan_out", generator=0)
    >>> bool(0.24 < abs(w).max() < math.sqrt(6 / 100))
    True
    """
    init = kaiming_of(tensor, "uniform", a, mode, nonlinearity)
    return tensor if init is None else write(init, tensor, generator)


@untraced
def kaiming_normal_(
    tensor: Any,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Any = None,
) -> Any:
    """Fill a tensor with normal values, of the variance ``gain^2 / n``, n its fan in or fan out.

    Parameters
    ----------
    tensor
        A tensor of torch or a writable array, of two dimensions or more.
    a
        The slope of "leaky_relu", where that is the `nonlinearity`.
    mode
        "fan_in" or "fan_out".
    nonlinearity
        What `calculate_gain` takes the gain of.
    generator
        See `agnostic_init.compat.torch_init`.

    Warns
    -----
    UserWarning
        If the tensor has no elements.

    Examples
    --------
    >>> import numpy as np
    >>> kaiming_normal_(np.empty((3, 5), np.float32), nonlinearity="relu", generator=0).shape
    (3, 5)
    """
    init = kaiming_of(tensor, "normal", a, mode, nonlinearity)
    return tensor if init is None else write(init, tensor, generator)


def _gain(nonlinearity: Any, slope: Any, name: str, hint: str) -> float:
    """Torch's gain, where the slope of the leaky ReLU is a parameter of that name."""
    check_choice("nonlinearity", nonlinearity, TORCH_NAMES, hint)
    if nonlinearity != "leaky_relu":
        return gain_of(nonlinearity, rule="torch")
    if slope is not None and (isinstance(slope, bool) or not isinstance(slope, (int, float))):
        raise must(name, "must be a number, the slope of the leaky ReLU", slope)
    return gain_of(nonlinearity, slope, rule="torch")


def _calculate_fan_in_and_fan_out(tensor: Any) -> tuple[int, int]:
    """The fans of a weight whose axes are (out, in, kernel ...); private in torch, and widely used."""
    return _fans(shape_of(tensor))


def _fans(shape: tuple[int, ...]) -> tuple[int, int]:
    if len(shape) < 2:
        raise must("tensor", "must have at least 2 dimensions, to have fan in and fan out", shape)
    parts = split_axes(shape, "torch")  # and not `fans`, which are never 0
    return parts.size("i", "k"), parts.size("o", "k")


def _calculate_correct_fan(tensor: Any, mode: str) -> int:
    """The fan of a mode; private in torch, and used."""
    return _fan(shape_of(tensor), mode)


def _fan(shape: tuple[int, ...], mode: Any) -> int:
    mode = mode.lower() if isinstance(mode, str) else mode
    check_choice("mode", mode, MODES)
    return _fans(shape)[MODES.index(mode)]


def xavier_of(tensor: Any, distribution: str, gain: Any = 1.0) -> Initializer:
    """What `xavier_uniform_` and `xavier_normal_` fill a tensor with."""
    return _made(_xavier_init, shape_of(tensor), gain, distribution)


def kaiming_of(
    tensor: Any,
    distribution: str,
    a: Any = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
) -> Initializer | None:
    """What `kaiming_uniform_` and `kaiming_normal_` fill a tensor with; None, and a warning, if empty."""
    shape = shape_of(tensor)
    if 0 in shape:
        warn(EMPTY)
        return None
    return _made(_kaiming_init, shape, a, mode, nonlinearity, distribution)


def _made(function: Any, shape: tuple[int, ...], number: Any, *names: str) -> Initializer:
    """The initializer, which is kept for plain numbers: others may change, or equal a refused one."""
    if type(number) not in (int, float) or {str} != set(map(type, names)):
        function = function.__wrapped__
    init: Initializer = function(shape, number, *names)
    return init


@functools.lru_cache(maxsize=256)
def _xavier_init(shape: tuple[int, ...], gain: float, distribution: str) -> Initializer:
    return _scaled(shape, gain, "fan_avg", distribution, _fans(shape))


@functools.lru_cache(maxsize=256)
def _kaiming_init(
    shape: tuple[int, ...], a: float, mode: str, nonlinearity: str, distribution: str
) -> Initializer:
    _fan(shape, mode)  # which refuses what is no mode
    hint = "agnostic_init.kaiming_normal or kaiming_uniform, which know all functions"
    gain = _gain(nonlinearity, a, "a", hint)
    return _scaled(shape, gain, mode.lower(), distribution, _fans(shape))


def _scaled(
    shape: tuple[int, ...], gain: float, mode: str, distribution: str, fan: tuple[int, int]
) -> Initializer:
    try:
        factor = real_number("gain", number(gain))
        if factor < 0:
            raise must("gain", "must not be negative", gain)
        if factor > MOST:
            raise must("gain", f"must be at most {MOST:g}", gain)
        if factor == 0 or 0 in shape:
            return zeros()
        return variance_scaling(factor**2, mode, distribution, fan=fan)
    except ParameterError as error:
        raise refused(error, scale="gain") from None
