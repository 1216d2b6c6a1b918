"""Variance scaling under the names that papers and libraries gave its special cases."""

from __future__ import annotations

from typing import Any

from agnostic_init.arrays.errors import must
from agnostic_init.draws.distributions import checked_number
from agnostic_init.initializers.gain import gain as gain_of
from agnostic_init.initializers.layout import Layout
from agnostic_init.initializers.registry import register
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

LayoutLike = str | Layout | None
Fan = tuple[int, int] | None
_TAKES_PARAM = ("leaky_relu", "elu", "celu")


@register
def glorot_normal(
    layout: LayoutLike = None, *, groups: int = 1, fan: Fan = None
) -> variance_scaling:
    """Glorot's normal: truncated normal at two sigmas, of the variance 1 / fan_avg, as in Keras and JAX.

    ``variance_scaling(1.0, "fan_avg", "truncated_normal")``, whose `layout`, `groups` and `fan` it takes.
    There is no default layout: a shape for which it matters is refused without one.

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


@register
def glorot_uniform(
    layout: LayoutLike = None, *, groups: int = 1, fan: Fan = None
) -> variance_scaling:
    """Glorot's uniform: uniform, of the variance 1 / fan_avg, as in Keras and JAX.

    ``variance_scaling(1.0, "fan_avg", "uniform")``, whose `layout`, `groups` and `fan` it takes.
    There is no default layout: a shape for which it matters is refused without one.

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


@register
def he_normal(layout: LayoutLike = None, *, groups: int = 1, fan: Fan = None) -> variance_scaling:
    """He's normal: truncated normal at two sigmas, of the variance 2 / fan_in, as in Keras and JAX.

    ``variance_scaling(2.0, "fan_in", "truncated_normal")``, whose `layout`, `groups` and `fan` it takes.
    There is no default layout: a shape for which it matters is refused without one.

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


@register
def he_uniform(layout: LayoutLike = None, *, groups: int = 1, fan: Fan = None) -> variance_scaling:
    """He's uniform: uniform, of the variance 2 / fan_in, as in Keras and JAX.

    ``variance_scaling(2.0, "fan_in", "uniform")``, whose `layout`, `groups` and `fan` it takes.
    There is no default layout: a shape for which it matters is refused without one.

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


@register
def lecun_normal(
    layout: LayoutLike = None, *, groups: int = 1, fan: Fan = None
) -> variance_scaling:
    """LeCun's normal: truncated normal at two sigmas, of the variance 1 / fan_in, as in Keras and JAX.

    ``variance_scaling(1.0, "fan_in", "truncated_normal")``, whose `layout`, `groups` and `fan` it takes.
    There is no default layout: a shape for which it matters is refused without one.

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


@register
def lecun_uniform(
    layout: LayoutLike = None, *, groups: int = 1, fan: Fan = None
) -> variance_scaling:
    """LeCun's uniform: uniform, of the variance 1 / fan_in, as in Keras and JAX.

    ``variance_scaling(1.0, "fan_in", "uniform")``, whose `layout`, `groups` and `fan` it takes.
    There is no default layout: a shape for which it matters is refused without one.

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


@register
def xavier_normal(
    gain: float = 1.0, layout: LayoutLike = "torch", *, groups: int = 1, fan: Fan = None
) -> variance_scaling:
    """Glorot's normal as torch has it: not truncated, of the variance gain^2 / fan_avg.

    Parameters
    ----------
    gain
        A factor of the values; see `agnostic_init.gain`.
    layout, groups, fan
        As in `variance_scaling`, but in torch's layout by default.

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
    gain = _positive("gain", gain)
    return variance_scaling(gain**2, "fan_avg", "normal", _layout(layout, fan), groups, fan)


@register
def xavier_uniform(
    gain: float = 1.0, layout: LayoutLike = "torch", *, groups: int = 1, fan: Fan = None
) -> variance_scaling:
    """Glorot's uniform as torch has it: of the variance gain^2 / fan_avg.

    Parameters
    ----------
    gain
        A factor of the values; see `agnostic_init.gain`.
    layout, groups, fan
        As in `variance_scaling`, but in torch's layout by default.

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
    gain = _positive("gain", gain)
    return variance_scaling(gain**2, "fan_avg", "uniform", _layout(layout, fan), groups, fan)


@register
def kaiming_normal(
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: Any = "leaky_relu",
    layout: LayoutLike = "torch",
    *,
    groups: int = 1,
    fan: Fan = None,
) -> variance_scaling:
    """He's normal as torch has it: not truncated, of the variance gain^2 / n.

    Parameters
    ----------
    a
        The slope of a leaky ReLU, where that is the `nonlinearity`.
    mode
        What n is: "fan_in" or "fan_out", or another of `variance_scaling`.
    nonlinearity
        What `agnostic_init.gain` takes the gain of: a name or a function.
    layout, groups, fan
        As in `variance_scaling`, but in torch's layout by default.

    References
    ----------
    He, Zhang, Ren and Sun, "Delving deep into rectifiers", ICCV 2015, equation 10.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.kaiming_normal(nonlinearity="relu").describe((64, 128)).std
    0.125...
    """
    factor = gain_of(nonlinearity, a if nonlinearity in _TAKES_PARAM else None)
    return variance_scaling(factor**2, mode, "normal", _layout(layout, fan), groups, fan)


@register
def kaiming_uniform(
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: Any = "leaky_relu",
    layout: LayoutLike = "torch",
    *,
    groups: int = 1,
    fan: Fan = None,
) -> variance_scaling:
    """He's uniform as torch has it: of the variance gain^2 / n.

    Parameters
    ----------
    a
        The slope of a leaky ReLU, where that is the `nonlinearity`.
    mode
        What n is: "fan_in" or "fan_out", or another of `variance_scaling`.
    nonlinearity
        What `agnostic_init.gain` takes the gain of: a name or a function.
    layout, groups, fan
        As in `variance_scaling`, but in torch's layout by default.

    References
    ----------
    He, Zhang, Ren and Sun, "Delving deep into rectifiers", ICCV 2015, equation 10.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.kaiming_uniform(nonlinearity="relu").describe((64, 128)).std
    0.125...
    """
    factor = gain_of(nonlinearity, a if nonlinearity in _TAKES_PARAM else None)
    return variance_scaling(factor**2, mode, "uniform", _layout(layout, fan), groups, fan)


@register
def uniform_unit_scaling(
    factor: float = 1.0, layout: LayoutLike = None, *, groups: int = 1, fan: Fan = None
) -> variance_scaling:
    """Sussillo's uniform: on ±factor sqrt(3 / fan_in).

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
    factor = _positive("factor", factor)
    return variance_scaling(factor**2, "fan_in", "uniform", layout, groups, fan)


@register
def torch_default(
    layout: LayoutLike = "torch", *, groups: int = 1, fan: Fan = None
) -> variance_scaling:
    """What torch's linear and convolution layers start with: uniform on ±1 / sqrt(fan_in).

    It is torch's ``kaiming_uniform_(a=sqrt(5))``. The layers' biases have the same bounds, those of
    their weight's fan: ``torch_default(fan=(fan_in, fan_out))``.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.torch_default().describe((64, 64)).high
    0.125
    """
    return variance_scaling(1.0 / 3.0, "fan_in", "uniform", _layout(layout, fan), groups, fan)


def _layout(layout: LayoutLike, fan: Fan) -> LayoutLike:
    """No layout where the fans are given outright and the layout is the default one."""
    return None if fan is not None and layout == "torch" else layout


def _positive(name: str, value: float) -> float:
    number = checked_number(name, value)
    if number <= 0:
        raise must(name, "must be positive", value)
    return number
