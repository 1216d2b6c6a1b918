"""Initializers in maximal update parametrization, relative to a base model."""

from __future__ import annotations

from typing import Any

from agnostic_init.arrays.errors import must, within
from agnostic_init.arrays.values import Value
from agnostic_init.bits.block import checked_shape
from agnostic_init.initializers.lookup import found
from agnostic_init.initializers.rescaled import Rescaled
from agnostic_init.layouts.fans import fans
from agnostic_init.layouts.parameters import check_layout_or_fan
from agnostic_init.scales.mup import mup_init, mup_learning_rate, mup_multiplier

__all__ = ["mup"]


class mup(Rescaled, Value):
    """Another initializer in maximal update parametrization: relative to a base shape.

    A weight has the std that the initializer has at the base shape, and a hidden one, both of whose
    sides differ from it, that std over the root of how many times more inputs it has.

    Parameters
    ----------
    init
        The initializer at the base shape: an initializer, a name or a dictionary.
    base
        The shape of this weight in the base model.
    layout
        What the axes are, as in `variance_scaling`. The default is torch's.
    groups
        The number of groups of a grouped convolution.

    Notes
    -----
    That is what `mup` of the authors does to torch's layers. The rest of the parametrization is not
    in weights: `multiplier` and `learning_rate` say it of a shape. Output weights are best zero.

    References
    ----------
    Yang et al., "Tensor programs V: tuning large neural networks via zero-shot hyperparameter
    transfer", 2022, arXiv:2203.03466, table 8.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> hidden = ai.mup(ai.normal(std=0.02), base=(64, 64))
    >>> hidden.describe((1024, 1024)).std, hidden.learning_rate((1024, 1024))
    (0.005, 0.0625)
    >>> readout = ai.mup(ai.normal(std=0.02), base=(10, 64))
    >>> readout.describe((10, 1024)).std, readout.multiplier((10, 1024))
    (0.02, 0.0625)
    """

    init: Any
    base: Any
    layout: str = "torch"
    groups: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "init", found(self.init, "init"))
        with within("base"):
            base = checked_shape(self.base)
        groups, _ = check_layout_or_fan(self.layout, self.groups, None)
        object.__setattr__(self, "base", base)
        object.__setattr__(self, "groups", groups)

    def role(self, shape: Any) -> str:
        """What a weight of a shape is: "hidden", "embedding" or "output"; "hidden" at the base shape."""
        inputs, outputs = self._ratios(shape)
        if (inputs == 1) == (outputs == 1):
            return "hidden"
        return "output" if outputs == 1 else "embedding"

    def multiplier(self, shape: Any) -> float:
        """What the layer of such a weight multiplies its output by; see `scales.mup_multiplier`."""
        return mup_multiplier(self.role(shape), self._ratios(shape)[0])

    def learning_rate(self, shape: Any, optimizer: str = "adam") -> float:
        """The factor of its learning rate; see `scales.mup_learning_rate`."""
        return mup_learning_rate(self.role(shape), *self._ratios(shape), optimizer)

    def factor_for(self, shape: tuple[int, ...]) -> float:
        ratios, stds = self._ratios(shape), []
        for each in (self.base, shape):
            self.init.check(each, "float32")
            std = self.init.statistics(each, "float32").get("std")
            if not std:
                raise must("init", "must be one whose std is known, and not zero", self.init)
            stds.append(std)
        return float(stds[0] / stds[1] * mup_init(self.role(shape), ratios[0]))

    def _ratios(self, shape: Any) -> tuple[float, float]:
        """The fans of a shape over those of the base shape."""
        shape = checked_shape(shape)
        if len(shape) != len(self.base):
            raise must("shape", f"must have the axes of the base shape, {self.base}", shape)
        if len(shape) < 2:
            return 1.0, float(max(1, *shape) / max(1, *self.base)) if shape else 1.0
        mine, based = (fans(each, self.layout, self.groups) for each in (shape, self.base))
        return mine.fan_in / based.fan_in, mine.fan_out / based.fan_out
