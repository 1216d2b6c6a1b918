"""torch: kinds of layers, how their weights are computed, and along which axes outputs lie."""

from __future__ import annotations

from typing import Any, NamedTuple

from torch import nn

from agnostic_init.models.torch_computed import Computed
from agnostic_init.models.torch_wrappers import PRUNING, SPECTRAL_NORM, WEIGHT_NORM, kinds

__all__ = ["Weight", "again", "axes_of", "is_linear", "originals_of", "weight_of"]

CONV1D = "transformers.pytorch_utils.Conv1D"
NORMALIZED = "torch.nn.utils.parametrizations._WeightNorm"


class Weight(NamedTuple):
    """The tensor that scales a layer's weight.

    Attributes
    ----------
    tensor
        The weight, or the original that it is computed of; of weight normalization the sizes.
    normalized
        Whether it is these.
    computed
        How the weight is computed, if it is.
    """

    tensor: Any
    normalized: bool = False
    computed: Computed | None = None


def is_linear(module: Any) -> bool:
    """Whether the outputs of a layer are linear in its weights, by its type."""
    linear = isinstance(module, nn.Linear | nn.Bilinear | nn.modules.conv._ConvNd)
    return linear or CONV1D in kinds(module)


def axes_of(module: Any) -> tuple[int, int, int]:
    """The axis of the weight that outputs lie along, that of the outputs, and groups of the former."""
    if isinstance(module, nn.modules.conv._ConvNd):
        channels = -1 - len(module.kernel_size)
        return (1, channels, module.groups) if module.transposed else (0, channels, 1)
    return (1 if CONV1D in kinds(module) else 0), -1, 1


def weight_of(module: Any, computed: Computed | None) -> Weight | None:
    """What scales the weight of a layer; None if nothing does."""
    if "parametrizations" in module._modules and "weight" in module.parametrizations:
        steps = module.parametrizations["weight"]
        if steps.is_tensor:
            return Weight(steps.original, False, computed)
        normalized = len(steps) == 1 and NORMALIZED in kinds(steps[0])
        return Weight(steps.original0, True, computed) if normalized else None
    own = module._parameters
    if "weight_g" in own:
        return Weight(own["weight_g"], True, computed)
    tensor = own.get("weight", own.get("weight_orig"))
    return None if tensor is None else Weight(tensor, False, computed)


def originals_of(computed: Computed) -> list[Any]:
    """The originals of a computed weight."""
    module = computed.module
    if "parametrizations" in module._modules:
        return list(module.parametrizations[computed.attribute].parameters(recurse=False))
    names = ("weight_g", "weight_v", "weight_orig")
    return [module._parameters[name] for name in names if name in module._parameters]


def again(module: Any, args: Any, kwargs: Any) -> Any:
    """The outputs of a layer, of weights that have just changed, without hooks of the user's."""
    for hook in module._forward_pre_hooks.values():
        if kinds(hook) & {WEIGHT_NORM, SPECTRAL_NORM, PRUNING}:
            hook(module, args)
    return module.forward(*args, **kwargs)
