"""The methods as values: how a layer is changed, and when it is good."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from agnostic_init.arrays.dtypes import DTYPES
from agnostic_init.calibration.change import Change, to_variance, whitening
from agnostic_init.calibration.moments import Moments
from agnostic_init.initializers.base import Initializer

__all__ = ["METHODS", "TOLERANCE", "Goal", "Method"]

TOLERANCE = 0.01


class Method(NamedTuple):
    """A method.

    Attributes
    ----------
    name
        Its name.
    by_channel
        Whether channels are scaled one by one, and centred by the bias.
    normalized
        Whether it is for layers with weight normalization alone.
    """

    name: str
    by_channel: bool
    normalized: bool

    def start(self, layout: str | None, groups: int) -> Initializer:
        """What its authors draw the weights from."""
        if self.name == "lsuv":
            from agnostic_init.initializers.orthogonal import orthogonal

            return orthogonal(layout=layout, groups=groups)
        from agnostic_init.initializers.random import normal

        return normal(std=0.05 if self.normalized else 1.0)


METHODS = {
    "lsuv": Method("lsuv", False, False),
    "activation": Method("activation", True, False),
    "weight_norm": Method("weight_norm", True, True),
}


class Goal(NamedTuple):
    """What a layer's outputs are to be.

    Attributes
    ----------
    method
        Of which it is the goal.
    mean, variance
        Wanted.
    tolerance
        How far they may be off: None for the default.
    steps
        The most that a layer takes.
    """

    method: Method
    mean: float
    variance: float
    tolerance: float | None
    steps: int

    def change(self, moments: Moments, share: float) -> Change:
        """What makes outputs of these moments the wanted ones."""
        with np.errstate(all="ignore"):
            if self.method.by_channel:
                return whitening(moments, self.mean, self.variance, share)
            return to_variance(moments, self.variance, share)

    def off(self, moments: Moments, centres: bool) -> float:
        """How far outputs are from what is wanted, relative to the wanted variance; 0 is best."""
        with np.errstate(all="ignore"):
            judged = moments if self.method.by_channel else moments.overall
            far = [np.max(abs(judged.variance / self.variance - 1))]
            if centres and self.method.by_channel:
                far.append(np.max(abs(judged.mean - self.mean)) / self.variance**0.5)
        return float(np.max(far))

    def allowed(self, dtype: str) -> float:
        """How far they may be: of few bits, weights and biases cannot say it more closely."""
        if self.tolerance is not None:
            return self.tolerance
        return max(TOLERANCE, 16 * 2.0 ** (1 - DTYPES[dtype].precision))

    def hopeless(self, moments: Moments, dtype: str) -> str:
        """Why nothing can be made of outputs of these moments; empty if something can."""
        with np.errstate(all="ignore"):
            judged = moments if self.method.by_channel else moments.overall
            if not np.all(np.isfinite(judged.variance)) or not np.all(np.isfinite(judged.mean)):
                return "its outputs are not finite"
            # What rounding makes of a constant is no variance.
            unit = 16 * 2.0 ** (1 - DTYPES[dtype].precision)
            dead = moments.variance <= (unit * abs(moments.mean)) ** 2
            if np.all(dead):
                return "its outputs are the same for all of the batch"
            if self.method.by_channel and np.any(dead):
                return f"{int(np.sum(dead))} of its {len(dead)} channels are constant"
        return ""
