"""Variance scaling under the names that papers and libraries gave its special cases."""

from __future__ import annotations

from typing import Any

from agnostic_init.arrays.errors import must, must_be_type
from agnostic_init.arrays.numbers import real_number
from agnostic_init.initializers.scaling import variance_scaling

__all__ = [
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "kaiming_normal",
    "kaiming_uniform",
    "lecun_normal",
    "lecun_uniform",
    "torch_default",
    "uniform_unit_scaling",
    "xavier_normal",
    "xavier_uniform",
]


Fan = tuple[int, int] | None
LEAKY = "leaky_relu"
MOST = 1e150  # its square is still a float


def glorot_normal(
    layout: str | None = None, *, groups: int = 1, fan: Fan = None
) -> variance_scaling:
    """Glorot normal initialization, as in Keras and JAX.

    A normal truncated at two sigmas, with variance 1 / fan_avg. Short for
    ``variance_scaling(1.0, "fan_avg", "truncated_normal")`` with the same `layout`, `groups` and `fan`.
    There is no default layout: where it matters, you must give one.

    References
    ----------
    Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks",
    AISTATS 2010.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.glorot_normal("keras").describe((256, 64)).std
    0.07905694150420949
    """
    return variance_scaling(1.0, "fan_avg", "truncated_normal", layout, groups, fan)


def glorot_uniform(
    layout: str | None = None, *, groups: int = 1, fan: Fan = None
) -> variance_scaling:
    """Glorot uniform initialization: uniform, with variance 1 / fan_avg, as in Keras and JAX.

    Short for ``variance_scaling(1.0, "fan_avg", "uniform")`` with the same `layout`, `groups` and
    `fan`. There is no default layout: where it matters, you must give one.

    References
    ----------
    Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks",
    AISTATS 2010.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.glorot_uniform("keras").describe((256, 64)).std
    0.07905694150420949
    """
    return variance_scaling(1.0, "fan_avg", "uniform", layout, groups, fan)


def he_normal(layout: str | None = None, *, groups: int = 1, fan: Fan = None) -> variance_scaling:
    """He normal initialization, as in Keras and JAX.

    A normal truncated at two sigmas, with variance 2 / fan_in. Short for
    ``variance_scaling(2.0, "fan_in", "truncated_normal")`` with the same `layout`, `groups` and `fan`.
    There is no default layout: where it matters, you must give one.

    References
    ----------
    He, Zhang, Ren and Sun, "Delving deep into rectifiers", ICCV 2015, equation 10.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.he_normal("keras").describe((256, 64)).std
    0.08838834764831845
    """
    return variance_scaling(2.0, "fan_in", "truncated_normal", layout, groups, fan)


def he_uniform(layout: str | None = None, *, groups: int = 1, fan: Fan = None) -> variance_scaling:
    """He uniform initialization: uniform, with variance 2 / fan_in, as in Keras and JAX.

    Short for ``variance_scaling(2.0, "fan_in", "uniform")`` with the same `layout`, `groups` and
    `fan`. There is no default layout: where it matters, you must give one.

    References
    ----------
    He, Zhang, Ren and Sun, "Delving deep into rectifiers", ICCV 2015, equation 10.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.he_uniform("keras").describe((256, 64)).std
    0.08838834764831845
    """
    return variance_scaling(2.0, "fan_in", "uniform", layout, groups, fan)


def lecun_normal(
    layout: str | None = None, *, groups: int = 1, fan: Fan = None
) -> variance_scaling:
    """LeCun normal initialization, as in Keras and JAX.

    A normal truncated at two sigmas, with variance 1 / fan_in. Short for
    ``variance_scaling(1.0, "fan_in", "truncated_normal")`` with the same `layout`, `groups` and `fan`.
    There is no default layout: where it matters, you must give one.

    References
    ----------
    LeCun, Bottou, Orr and Müller, "Efficient backprop", 1998, section 4.6.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.lecun_normal("keras").describe((256, 64)).std
    0.0625
    """
    return variance_scaling(1.0, "fan_in", "truncated_normal", layout, groups, fan)


def lecun_uniform(
    layout: str | None = None, *, groups: int = 1, fan: Fan = None
) -> variance_scaling:
    """LeCun uniform initialization: uniform, with variance 1 / fan_in, as in Keras and JAX.

    Short for ``variance_scaling(1.0, "fan_in", "uniform")`` with the same `layout`, `groups` and
    `fan`. There is no default layout: where it matters, you must give one.

    References
    ----------
    LeCun, Bottou, Orr and Müller, "Efficient backprop", 1998, section 4.6.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.lecun_uniform("keras").describe((256, 64)).std
    0.0625
    """
    return variance_scaling(1.0, "fan_in", "uniform", layout, groups, fan)


def xavier_normal(
    gain: float = 1.0, layout: str | None = "torch", *, groups: int = 1, fan: Fan = None
) -> variance_scaling:
    """Glorot normal initialization as in torch: not truncated, with variance gain^2 / fan_avg.

    Parameters
    ----------
    gain
        Factor that the values are multiplied by; see `agnostic_init.gain`.
    layout, groups, fan
        As in `variance_scaling`, but the default layout is torch's.

    References
    ----------
    Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks",
    AISTATS 2010.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.xavier_normal(gain=ai.gain("tanh")).describe((64, 256)).std
    0.13176156917368248
    """
    scale = _squared("gain", gain)
    return variance_scaling(scale, "fan_avg", "normal", _layout(layout, fan), groups, fan)


def xavier_uniform(
    gain: float = 1.0, layout: str | None = "torch", *, groups: int = 1, fan: Fan = None
) -> variance_scaling:
    """Glorot uniform initialization as in torch, with variance gain^2 / fan_avg.

    Parameters
    ----------
    gain
        Factor that the values are multiplied by; see `agnostic_init.gain`.
    layout, groups, fan
        As in `variance_scaling`, but the default layout is torch's.

    References
    ----------
    Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks",
    AISTATS 2010.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.xavier_uniform(gain=ai.gain("tanh")).describe((64, 256)).std
    0.13176156917368248
    """
    scale = _squared("gain", gain)
    return variance_scaling(scale, "fan_avg", "uniform", _layout(layout, fan), groups, fan)


def kaiming_normal(
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: Any = "leaky_relu",
    layout: str | None = "torch",
    *,
    groups: int = 1,
    fan: Fan = None,
) -> variance_scaling:
    """He normal initialization as in torch: not truncated, with variance gain^2 / n.

    Parameters
    ----------
    a
        The negative slope of "leaky_relu". No other nonlinearity has one.
    mode
        What n is: "fan_in" or "fan_out", or another of `variance_scaling`.
    nonlinearity
        The activation function whose gain is used: a name or a function, as in
        `agnostic_init.gain`.
    layout, groups, fan
        As in `variance_scaling`, but the default layout is torch's.

    References
    ----------
    He, Zhang, Ren and Sun, "Delving deep into rectifiers", ICCV 2015, equation 10.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.kaiming_normal(nonlinearity="relu").describe((64, 128)).std
    0.125...
    """
    scale = _squared_gain(nonlinearity, a)
    return variance_scaling(scale, mode, "normal", _layout(layout, fan), groups, fan)


def kaiming_uniform(
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: Any = "leaky_relu",
    layout: str | None = "torch",
    *,
    groups: int = 1,
    fan: Fan = None,
) -> variance_scaling:
    """He uniform initialization as in torch, with variance gain^2 / n.

    Parameters
    ----------
    a
        The negative slope of "leaky_relu". No other nonlinearity has one.
    mode
        What n is: "fan_in" or "fan_out", or another of `variance_scaling`.
    nonlinearity
        The activation function whose gain is used: a name or a function, as in
        `agnostic_init.gain`.
    layout, groups, fan
        As in `variance_scaling`, but the default layout is torch's.

    References
    ----------
    He, Zhang, Ren and Sun, "Delving deep into rectifiers", ICCV 2015, equation 10.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.kaiming_uniform(nonlinearity="relu").describe((64, 128)).std
    0.125...
    """
    scale = _squared_gain(nonlinearity, a)
    return variance_scaling(scale, mode, "uniform", _layout(layout, fan), groups, fan)


def uniform_unit_scaling(
    factor: float = 1.0, layout: str | None = None, *, groups: int = 1, fan: Fan = None
) -> variance_scaling:
    """Sussillo's random walk initialization: uniform on ±factor sqrt(3 / fan_in).

    Parameters
    ----------
    factor
        1 for a linear layer, about 1.43 for ReLU and 1.15 for tanh.
    layout, groups, fan
        As in `variance_scaling`.

    References
    ----------
    Sussillo and Abbott, "Random walk initialization for training very deep feedforward networks",
    arXiv:1412.6558.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.uniform_unit_scaling(layout="keras").describe((300, 64)).high
    0.1
    """
    scale = _squared("factor", factor)
    return variance_scaling(scale, "fan_in", "uniform", layout, groups, fan)


def torch_default(
    layout: str | None = "torch", *, groups: int = 1, fan: Fan = None
) -> variance_scaling:
    """The default of torch's linear and convolution layers: uniform on ±1 / sqrt(fan_in).

    It is torch's ``kaiming_uniform_(a=sqrt(5))``. Biases have the same bounds, from the fan of their
    layer's weight: ``torch_default(fan=(fan_in, fan_out))``.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.torch_default().describe((64, 64)).high
    0.125
    """
    return variance_scaling(1.0 / 3.0, "fan_in", "uniform", _layout(layout, fan), groups, fan)


def _layout(layout: str | None, fan: Fan) -> str | None:
    """No layout where the fans are given outright and the layout is the default one."""
    default = isinstance(layout, str) and layout == "torch"  # an array is compared by its elements
    return None if fan is not None and default else layout


def _squared_gain(nonlinearity: Any, a: Any) -> float:
    """Of the nonlinearity, where `a` is the slope of a leaky ReLU and of nothing else."""
    from agnostic_init.gains.gain import gain

    if isinstance(a, str):
        rule = "must be a real number, the slope of a leaky ReLU"
        raise must_be_type("a", rule, a, f"nonlinearity={a!r}")
    slope, leaky = real_number("a", a), isinstance(nonlinearity, str) and nonlinearity == LEAKY
    if abs(slope) > MOST:
        raise must("a", f"must be at most {MOST:g} in magnitude", a)
    if slope and not leaky:
        rule = f'must be 0 unless `nonlinearity` is "{LEAKY}", whose slope it is'
        hint = "ai.variance_scaling(ai.gain(nonlinearity, param) ** 2, ...) for another parameter"
        raise must("a", rule, a, hint)
    if leaky or (isinstance(nonlinearity, str) and nonlinearity == "relu"):
        return 2.0 / (1.0 + slope**2)  # and not the square of a root
    factor = gain(nonlinearity)
    if not 1 / MOST <= factor <= MOST:
        rule = f"must have a gain between {1 / MOST:g} and {MOST:g}, not {factor:g}"
        raise must("nonlinearity", rule, nonlinearity)
    return factor**2


def _squared(name: str, value: float) -> float:
    number = real_number(name, value)
    if number <= 0:
        raise must(name, "must be positive", value)
    if not 1 / MOST <= number <= MOST:
        raise must(name, f"must be between {1 / MOST:g} and {MOST:g}", value)
    return number**2
