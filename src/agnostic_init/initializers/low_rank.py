"""The first factor of a low-rank update; the second is zero."""

from __future__ import annotations

from agnostic_init.arrays.errors import check_choice
from agnostic_init.initializers.base import Initializer
from agnostic_init.initializers.named import torch_default
from agnostic_init.initializers.scaled import scaled

__all__ = ["lora_a"]

DISTRIBUTIONS = ("uniform", "normal")


def lora_a(distribution: str = "uniform", layout: str | None = "torch") -> Initializer:
    """LoRA's A, which is drawn; B is `zeros`, so that their product changes nothing yet.

    With A drawn, the first gradient of B is not zero. Were both zero, no gradient ever would be.

    Parameters
    ----------
    distribution
        "uniform" on ±1 / sqrt(inputs), as in the authors' code and in peft; "normal" with a std of
        1 / rank, peft's "gaussian". The rank is how many outputs A has.
    layout
        What the axes are; A is (rank, inputs) in torch's, the default.

    References
    ----------
    Hu, Shen, Wallis, Allen-Zhu, Li, Wang, Wang, Chen, "LoRA: low-rank adaptation of large language
    models", ICLR 2022, arXiv:2106.09685, section 4.1.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> shapes = {"q.lora_A": (8, 64), "q.lora_B": (32, 8)}
    >>> pair = ai.init_tree(shapes, {"*.lora_A": ai.lora_a(), "*.lora_B": ai.zeros()}, key=0)
    >>> float(abs(pair["q.lora_B"] @ pair["q.lora_A"]).max())
    0.0

    A server keeps many pairs in one array, and gives a slot to another adapter:

    >>> slots = ai.stacked(ai.lora_a())
    >>> a = slots((16, 8, 64), key=0)
    >>> out = slots.fill(a[5], key=ai.key("another"), index=5, global_shape=a.shape)
    """
    check_choice("distribution", distribution, DISTRIBUTIONS)
    if distribution == "uniform":
        return torch_default(layout)
    return scaled("normal", "lora", layout=layout)
