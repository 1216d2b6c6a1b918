"""How large weights begin, by the depth and the width of a model: functions of numbers.

Each is a factor that an initializer is multiplied by, as in ``ai.normal(std=0.02).times(f)``, or of
the forward pass or the learning rate that belongs to it. `agnostic_init.scaled` takes the first by
their names.
"""

from __future__ import annotations

from agnostic_init.scales.depth import (
    by_depth,
    deepnorm,
    deepnorm_residual,
    fixup,
    gpt2_residual,
    layer_scale,
    t_fixup,
)
from agnostic_init.scales.mup import mup_init, mup_learning_rate, mup_multiplier
from agnostic_init.scales.width import lora, small_init, spectral, spectral_norm, wang

__all__ = [
    "by_depth",
    "deepnorm",
    "deepnorm_residual",
    "fixup",
    "gpt2_residual",
    "layer_scale",
    "lora",
    "mup_init",
    "mup_learning_rate",
    "mup_multiplier",
    "small_init",
    "spectral",
    "spectral_norm",
    "t_fixup",
    "wang",
]
