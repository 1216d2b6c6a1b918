"""Maximal update parametrization: what changes with the width, so that nothing else has to.

All are relative to a base model, at whose widths they are 1: hyperparameters that were found there
then serve at any other width.
"""

from __future__ import annotations

from agnostic_init.arrays.errors import check_choice, must
from agnostic_init.arrays.numbers import real_number

__all__ = ["OPTIMIZERS", "ROLES", "mup_init", "mup_learning_rate", "mup_multiplier"]

ROLES = ("hidden", "embedding", "output")
OPTIMIZERS = ("adam", "sgd")


def mup_init(role: str, fan_in: float = 1.0) -> float:
    """The factor of the std that a weight has at the base width.

    Parameters
    ----------
    role
        "hidden", where both sides of the weight grow with the width; "embedding", where the outputs
        alone do, as in the first layer, biases and norms; "output", where the inputs alone do.
    fan_in
        The weight's, divided by that at the base width.

    Returns
    -------
    float
        ``fan_in^(-1/2)`` of a hidden weight, 1 of others.

    References
    ----------
    Yang, Hu, Babuschkin, Sidor, Liu, Farhi, Ryder, Pachocki, Chen, Gao, "Tensor programs V: tuning
    large neural networks via zero-shot hyperparameter transfer", 2022, arXiv:2203.03466, table 8.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.scales.mup_init("hidden", 1024 / 64)
    0.25
    """
    check_choice("role", role, ROLES)
    return _ratio("fan_in", fan_in) ** -0.5 if role == "hidden" else 1.0


def mup_multiplier(role: str, fan_in: float = 1.0) -> float:
    """The factor of what a layer computes, in the forward pass: 1 / fan_in of outputs, 1 of others.

    Attention has another: queries times keys are divided by the width of a head, and not by its
    root.

    Parameters
    ----------
    role, fan_in
        As of `mup_init`.

    References
    ----------
    arXiv:2203.03466, table 8, and definition 4.1 for attention.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.scales.mup_multiplier("output", 1024 / 64)
    0.0625
    """
    check_choice("role", role, ROLES)
    return 1.0 / _ratio("fan_in", fan_in) if role == "output" else 1.0


def mup_learning_rate(
    role: str, fan_in: float = 1.0, fan_out: float = 1.0, optimizer: str = "adam"
) -> float:
    """The factor of a weight's learning rate.

    Parameters
    ----------
    role, fan_in
        As of `mup_init`.
    fan_out
        The weight's, divided by that at the base width.
    optimizer
        "adam", and others that divide the gradient by its size; or "sgd".

    Returns
    -------
    float
        With Adam, ``1 / fan_in`` of a hidden weight and 1 of others. With SGD, ``fan_out / fan_in``
        of a hidden one, `fan_out` of an embedding, and `fan_in` of an output.

    References
    ----------
    arXiv:2203.03466, table 8; there widths grow alike, so that fan_out / fan_in is 1.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.scales.mup_learning_rate("hidden", 1024 / 64, 1024 / 64)
    0.0625
    """
    check_choice("role", role, ROLES)
    check_choice("optimizer", optimizer, OPTIMIZERS)
    inputs, outputs = _ratio("fan_in", fan_in), _ratio("fan_out", fan_out)
    if optimizer == "adam":
        return 1.0 / inputs if role == "hidden" else 1.0
    return {"hidden": outputs / inputs, "embedding": outputs, "output": inputs}[role]


def _ratio(name: str, value: float) -> float:
    number = real_number(name, value)
    if not 1e-30 <= number <= 1e30:
        rule = "must be a ratio to the base width, between 1e-30 and 1e30"
        raise must(name, rule, value)
    return number
