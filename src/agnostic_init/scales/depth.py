"""Factors by the depth of a model, so that many residual branches add up to something bounded."""

from __future__ import annotations

import math

from agnostic_init.arrays.errors import check_choice, must
from agnostic_init.arrays.numbers import integer, positive_integer

__all__ = [
    "by_depth",
    "deepnorm",
    "deepnorm_residual",
    "fixup",
    "gpt2_residual",
    "layer_scale",
    "t_fixup",
]

SIDES = ("encoder", "decoder")
T_FIXUP = ("encoder", "decoder", "embedding")


def gpt2_residual(layers: int, branches: int = 2) -> float:
    """GPT-2's factor of the weights that write into the residual stream: 1 / sqrt(branches * layers).

    The variances of all branches then add up to that of one.

    Parameters
    ----------
    layers
        Layers of the model.
    branches
        Residual branches of a layer: attention and feed-forward.

    References
    ----------
    Radford, Wu, Child, Luan, Amodei, Sutskever, "Language models are unsupervised multitask
    learners", 2019, section 2.3, where N is the number of residual layers.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> round(0.02 * ai.scales.gpt2_residual(12), 9)
    0.004082483
    """
    n = positive_integer("branches", branches) * positive_integer("layers", layers)
    return 1.0 / math.sqrt(n)


def by_depth(layer: int, branches: int = 2) -> float:
    """The same with the layers up to this one alone: 1 / sqrt(branches * (layer + 1)).

    Parameters
    ----------
    layer
        The number of the layer, from 0.
    branches
        Residual branches of a layer. With 1 it is depth-scaled initialization, DS-Init, whose
        weights are Xavier's uniform ones divided by the root of the layer's number.

    References
    ----------
    Zhang, Titov, Sennrich, "Improving deep transformer with depth-scaled initialization and merged
    attention", EMNLP 2019, arXiv:1908.11365. With two branches: OLMo and torchtitan.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.scales.by_depth(7)
    0.25
    """
    number = integer("layer", layer)
    if number < 0:
        raise must("layer", "must not be negative", layer, "0 for the first")
    return gpt2_residual(number + 1, branches)


def deepnorm(
    part: str = "encoder", encoder: int | None = None, decoder: int | None = None
) -> float:
    """DeepNorm's beta: the factor of Xavier weights of values, attention outputs and feed-forwards.

    Queries and keys are not scaled. The residual stream is multiplied by `deepnorm_residual` before
    each branch is added and the sum normalized.

    Parameters
    ----------
    part
        "encoder" or "decoder": where the weight is.
    encoder, decoder
        Layers of the two, N and M; one alone for a model that has no other.

    Returns
    -------
    float
        ``(8 N)^(-1/4)`` of an encoder alone, ``(8 M)^(-1/4)`` of a decoder alone;
        ``0.87 (N^4 M)^(-1/16)`` and ``(12 M)^(-1/4)`` of the two together.

    References
    ----------
    Wang, Ma, Dong, Huang, Zhang, Wei, "DeepNet: scaling transformers to 1,000 layers", 2022,
    arXiv:2203.00555, figure 2.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.scales.deepnorm("encoder", encoder=32)
    0.25
    """
    n, m = _sides(part, encoder, decoder)
    if m is None:
        return float((8 * n) ** -0.25)
    return 0.87 * float(n**4 * m) ** -0.0625 if part == "encoder" else float((12 * m) ** -0.25)


def deepnorm_residual(
    part: str = "encoder", encoder: int | None = None, decoder: int | None = None
) -> float:
    """DeepNorm's alpha: ``x = layer_norm(alpha * x + branch(x))``.

    Parameters
    ----------
    part, encoder, decoder
        As of `deepnorm`.

    Returns
    -------
    float
        ``(2 N)^(1/4)`` of an encoder alone, ``(2 M)^(1/4)`` of a decoder alone;
        ``0.81 (N^4 M)^(1/16)`` and ``(3 M)^(1/4)`` of the two together.

    References
    ----------
    arXiv:2203.00555, figure 2.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.scales.deepnorm_residual("decoder", decoder=8)
    2.0
    """
    n, m = _sides(part, encoder, decoder)
    if m is None:
        return float((2 * n) ** 0.25)
    return 0.81 * float(n**4 * m) ** 0.0625 if part == "encoder" else float((3 * m) ** 0.25)


def t_fixup(part: str, layers: int) -> float:
    """T-Fixup's factor, with which transformers need neither layer normalization nor warmup.

    Parameters
    ----------
    part
        "encoder" or "decoder", of the values, the attention outputs and the feed-forwards there,
        which are Xavier's else; "embedding", of the embeddings of both, which are normal with a std
        of ``width^(-1/2)`` else.
    layers
        Of the encoder for its weights; of the decoder for the others.

    Returns
    -------
    float
        ``0.67 N^(-1/4)`` in the encoder, ``(9 N)^(-1/4)`` elsewhere.

    References
    ----------
    Huang, Perez, Ba, Volkovs, "Improving transformer optimization through better initialization",
    ICML 2020, section 3. The authors' code has another sqrt(2) for the values, as its Xavier
    weights for queries, keys and values have a gain of 1 / sqrt(2).

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.scales.t_fixup("encoder", 16)
    0.335
    """
    check_choice("part", part, T_FIXUP)
    n = positive_integer("layers", layers)
    return 0.67 * n**-0.25 if part == "encoder" else float((9 * n) ** -0.25)


def fixup(branches: int, layers: int = 2) -> float:
    """Fixup's factor of the weights in residual branches, without normalization.

    The last weight of each branch is zero, and so is the classifier; see `agnostic_init.zeros`. A
    scalar bias of 0 goes before every layer and activation, and a scalar multiplier of 1 into every
    branch.

    Parameters
    ----------
    branches
        Residual branches of the network, L.
    layers
        Layers with weights in a branch, m: at least 2.

    Returns
    -------
    float
        ``L^(-1 / (2 m - 2))``.

    References
    ----------
    Zhang, Dauphin, Ma, "Fixup initialization: residual learning without normalization", ICLR 2019,
    arXiv:1901.09321, section 3.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.scales.fixup(16), ai.scales.fixup(16, layers=3)
    (0.25, 0.5)
    """
    number, m = positive_integer("branches", branches), positive_integer("layers", layers)
    if m < 2:
        raise must("layers", "must be at least 2, as the last of a branch is zero", layers)
    return float(number ** (-1.0 / (2 * m - 2)))


def layer_scale(depth: int) -> float:
    """LayerScale's first value of the diagonal that each residual branch is multiplied by.

    Parameters
    ----------
    depth
        Layers of the model.

    Returns
    -------
    float
        0.1 up to 18 layers, 1e-5 up to 24, and 1e-6 beyond.

    References
    ----------
    Touvron, Cord, Sablayrolles, Synnaeve, Jégou, "Going deeper with image transformers", ICCV 2021,
    arXiv:2103.17239, section 2.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.ones().times(ai.scales.layer_scale(24))
    constant(value=1e-05)
    """
    number = positive_integer("depth", depth)
    return 0.1 if number <= 18 else 1e-5 if number <= 24 else 1e-6


def _sides(part: str, encoder: int | None, decoder: int | None) -> tuple[int, int | None]:
    """N and M; of a model of one side its layers, and None."""
    check_choice("part", part, SIDES)
    given = {
        name: positive_integer(name, layers)
        for name, layers in zip(SIDES, (encoder, decoder), strict=True)
        if layers is not None
    }
    if part not in given:
        raise must(part, f"must be given, the layers of the {part} that the part is of", None)
    if len(given) == 1:
        return given[part], None
    return given["encoder"], given["decoder"]
