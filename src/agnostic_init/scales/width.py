"""Factors of a standard normal by the width of a layer: standard deviations, in other words."""

from __future__ import annotations

import math

from agnostic_init.arrays.numbers import positive_integer

__all__ = ["lora", "small_init", "spectral", "spectral_norm", "wang"]


def small_init(width: int) -> float:
    """SmallInit's std, sqrt(2 / (5 width)): Xavier's of a feed-forward of four times the width, for all.

    Parameters
    ----------
    width
        Of the residual stream.

    References
    ----------
    Nguyen, Salazar, "Transformers without tears: improving the normalization of self-attention",
    IWSLT 2019, arXiv:1910.05895.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.scales.small_init(1000)
    0.02
    """
    return math.sqrt(2.0 / (5 * positive_integer("width", width)))


def wang(width: int, layers: int) -> float:
    """Wang's std of weights that write into the residual stream, 2 / (layers sqrt(width)).

    With `small_init` elsewhere it is that of GPT-J and GPT-NeoX-20B.

    Parameters
    ----------
    width
        Of the residual stream.
    layers
        Layers of the model.

    References
    ----------
    Black et al., "GPT-NeoX-20B: an open-source autoregressive language model", 2022,
    arXiv:2204.06745, section 2.1, after Wang, mesh-transformer-jax, 2021.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.scales.wang(1600, 10)
    0.005
    """
    return 2.0 / (positive_integer("layers", layers) * math.sqrt(positive_integer("width", width)))


def spectral(fan_in: int, fan_out: int) -> float:
    """The std for which a weight's norm is near sqrt(fan_out / fan_in), as features ask for.

    Parameters
    ----------
    fan_in, fan_out
        The fans of the weight.

    Returns
    -------
    float
        ``min(1, sqrt(fan_out / fan_in)) / sqrt(fan_in)``. The largest singular value of such normals
        is then 1 to 2 times `spectral_norm`, by whatever factor the sides differ.

    References
    ----------
    Yang, Simon, Bernstein, "A spectral condition for feature learning", 2023, arXiv:2310.17813,
    condition 1 and parametrization 1.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.scales.spectral(256, 64)
    0.03125
    """
    n, m = positive_integer("fan_in", fan_in), positive_integer("fan_out", fan_out)
    return min(1.0, math.sqrt(m / n)) / math.sqrt(n)


def spectral_norm(fan_in: int, fan_out: int) -> float:
    """The norm itself, sqrt(fan_out / fan_in): a gain of `orthogonal` weights.

    Parameters
    ----------
    fan_in, fan_out
        The fans of the weight.

    References
    ----------
    arXiv:2310.17813, condition 1.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.scales.spectral_norm(256, 64)
    0.5
    """
    return math.sqrt(positive_integer("fan_out", fan_out) / positive_integer("fan_in", fan_in))


def lora(fan_out: int) -> float:
    """The std 1 / rank of a normal A of a low-rank pair, whose outputs are as many as its rank.

    Parameters
    ----------
    fan_out
        Of A: the rank.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.scales.lora(8)
    0.125
    """
    return 1.0 / positive_integer("fan_out", fan_out)
