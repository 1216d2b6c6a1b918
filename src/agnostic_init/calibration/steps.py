"""One step of each method: weights, a bias and the moments of a batch, and from them new ones."""

from __future__ import annotations

from typing import Any

from agnostic_init.arrays.errors import must, must_be_type
from agnostic_init.arrays.numbers import real_number
from agnostic_init.calibration.change import scaled, shifted, to_variance, whitening
from agnostic_init.calibration.moments import Moments

__all__ = ["activation_step", "lsuv_step", "positive", "weight_norm_step"]


def lsuv_step(
    weight: Any, bias: Any, moments: Moments, *, variance: float = 1.0
) -> tuple[Any, Any]:
    """One step of layer-sequential unit variance: W / sqrt(Var(z)), and the bias as it is.

    Parameters
    ----------
    weight
        Of the layer, an array of any library. It is not written.
    bias
        Of the layer, or None. It is returned as it is; the method is meant for biases of zero.
    moments
        Of the layer's outputs; see `moments_of`. Their `overall` variance is what counts.
    variance
        That the outputs are to have.

    Returns
    -------
    weight, bias
        New weights of the same library, dtype and device. They are the given ones where the outputs
        have no variance, or one that is not finite.

    References
    ----------
    Mishkin, Matas, "All you need is a good init", ICLR 2016, arXiv:1511.06422, algorithm 1. They
    start from orthonormal weights, and repeat the step for a layer until its variance is within
    0.1 of 1. The variance is one for all outputs of the layer.

    Examples
    --------
    >>> import numpy as np
    >>> import agnostic_init as ai
    >>> x = ai.draws.normal((1000, 8), key=0)
    >>> w = ai.normal(std=3)((8, 4), key=1)
    >>> w, _ = ai.calibration.lsuv_step(w, None, ai.calibration.moments_of(x @ w))
    >>> f"{(x @ w).var():.4f}"
    '1.0000'
    """
    change = to_variance(_moments(moments), positive("variance", variance))
    return scaled(weight, change.scale, None), bias


def activation_step(
    weight: Any,
    bias: Any,
    moments: Moments,
    *,
    axis: int,
    mean: float = 0.0,
    variance: float = 1.0,
) -> tuple[Any, Any]:
    """Scale the weights of every channel by the std of its outputs, and centre them by the bias.

    W_i becomes W_i / sigma_i, and b_i becomes beta + (b_i - mu_i) / sigma_i.

    Parameters
    ----------
    weight
        Of the layer, an array of any library. It is not written.
    bias
        Of the layer; None if it has none, and then its outputs are not centred.
    moments
        Of the layer's outputs; see `moments_of`.
    axis
        Of the weight, that its outputs lie along: 0 for linear layers and convolutions of torch, -1
        for those of Keras and JAX.
    mean, variance
        That every channel is to have; the mean is the paper's beta.

    Returns
    -------
    weight, bias
        New arrays of the same library, dtype and device. A channel whose outputs have no variance,
        or moments that are not finite, stays as it was.

    References
    ----------
    Krähenbühl, Doersch, Donahue, Darrell, "Data-dependent Initializations of Convolutional Neural
    Networks", ICLR 2016, arXiv:1511.06856, algorithm 1, within a layer. They start from N(0, 1) and
    biases of zero.

    Examples
    --------
    >>> import numpy as np
    >>> import agnostic_init as ai
    >>> x = ai.draws.normal((1000, 8), key=0) + 5
    >>> w, b = ai.normal()((8, 2), key=1), ai.zeros()(2)
    >>> moments = ai.calibration.moments_of(x @ w + b)
    >>> w, b = ai.calibration.activation_step(w, b, moments, axis=-1)
    >>> z = x @ w + b
    >>> np.abs(z.mean(0)).max() < 1e-5, np.abs(z.var(0) - 1).max() < 1e-5
    (np.True_, np.True_)
    """
    wanted = positive("variance", variance)
    change = whitening(_moments(moments), real_number("mean", mean), wanted)
    made = scaled(weight, change.scale, axis)
    return made, None if bias is None else shifted(bias, change.scale, change.offset)


def weight_norm_step(
    gain: Any, bias: Any, moments: Moments, *, mean: float = 0.0, variance: float = 1.0
) -> tuple[Any, Any]:
    """Of a layer ``z = g v.x / |v| + b``: g / sigma and (b - mu) / sigma, for every channel.

    Parameters
    ----------
    gain
        The sizes g, one for each channel, along the longest axis where there are several: the
        ``weight_g`` or ``original0`` of torch's weight normalization.
    bias, moments, mean, variance
        As of `activation_step`.

    Returns
    -------
    gain, bias
        New arrays of the same library, dtype and device. The directions v stay.

    References
    ----------
    Salimans, Kingma, "Weight Normalization: A Simple Reparameterization to Accelerate Training of
    Deep Neural Networks", NeurIPS 2016, arXiv:1602.07868, equations 5 and 6. There v is drawn from
    N(0, 0.05^2), g is one, and the moments are those of a layer without a bias.

    Examples
    --------
    >>> import numpy as np
    >>> import agnostic_init as ai
    >>> x = ai.draws.normal((1000, 8), key=0)
    >>> v = ai.normal(std=0.05)((8, 2), key=1)
    >>> def layer(g, b):
    ...     return x @ (v / np.linalg.norm(v, axis=0)) * g + b
    >>> g, b = ai.ones()(2), ai.zeros()(2)
    >>> moments = ai.calibration.moments_of(layer(g, b))
    >>> g, b = ai.calibration.weight_norm_step(g, b, moments)
    >>> f"{layer(g, b).std():.4f}"
    '1.0000'
    """
    lengths = [int(n) for n in gain.shape]
    if sum(n > 1 for n in lengths) > 1:
        raise must("gain", "must have one number for each channel", tuple(lengths))
    axis = lengths.index(max(lengths)) if lengths else 0
    return activation_step(gain, bias, moments, axis=axis, mean=mean, variance=variance)


def positive(name: str, value: Any) -> float:
    """A positive number as a float."""
    number = real_number(name, value)
    if number <= 0:
        raise must(name, "must be positive", value)
    return number


def _moments(given: Any) -> Moments:
    if not isinstance(given, Moments):
        rule = "must be the moments of a layer's outputs"
        raise must_be_type("moments", rule, given, "agnostic_init.calibration.moments_of(outputs)")
    return given
