"""torch: which modules only wrap another, and which of their names are thus no part of a parameter's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = [
    "PRUNING",
    "SILENT",
    "SPECTRAL_NORM",
    "WEIGHT_NORM",
    "is_module",
    "kinds",
    "own_names",
    "wrapped",
]

MODULE = "torch.nn.modules.module.Module"
CHECKPOINT = "torch.distributed.algorithms._checkpoint.checkpoint_wrapper.ActivationWrapper"
FSDP_1 = "torch.distributed.fsdp.fully_sharded_data_parallel.FullyShardedDataParallel"
FABRIC = ("lightning.fabric.wrappers._FabricModule", "lightning_fabric.wrappers._FabricModule")

#: Of a class, by its full name: the attributes that hold what it wraps.
WRAPPED = {
    "torch._dynamo.eval_frame.OptimizedModule": ("_orig_mod",),
    "torch.nn.parallel.distributed.DistributedDataParallel": ("module",),
    "torch.nn.parallel.data_parallel.DataParallel": ("module",),
    CHECKPOINT: ("_checkpoint_wrapped_module",),
    FSDP_1: ("_fsdp_wrapped_module",),
    "torch.optim.swa_utils.AveragedModel": ("module",),
    "torch.ao.quantization.stubs.QuantWrapper": ("module",),
    **dict.fromkeys(FABRIC, ("_forward_module", "_original_module")),
    "timm.utils.model_ema.ModelEmaV2": ("module",),
    "timm.utils.model_ema.ModelEmaV3": ("module",),
    "deepspeed.runtime.engine.DeepSpeedEngine": ("module",),
    "peft.peft_model.PeftModel": ("base_model",),
    "peft.mixed_model.PeftMixedModel": ("base_model",),
    "peft.tuners.tuners_utils.BaseTuner": ("model",),
    "peft.tuners.tuners_utils.BaseTunerLayer": ("base_layer",),
    "peft.tuners.adaption_prompt.model.AdaptionPromptModel": ("model",),
    "peft.tuners.adaption_prompt.layer._BaseAdaptedAttention": ("model",),
    "peft.utils.other.AuxiliaryTrainingWrapper": ("original_module", "token_adapter"),
}

#: Wrappers that leave their own name out of names that they give: none, one kind, or all of these.
SILENT: tuple[frozenset[str], ...] = (
    frozenset(),
    frozenset((CHECKPOINT,)),
    frozenset((FSDP_1,)),
    frozenset((CHECKPOINT, FSDP_1, *FABRIC)),
)

PARAMETRIZATIONS = "torch.nn.utils.parametrize.ParametrizationList"
NORMALIZED = "torch.nn.utils.parametrizations._WeightNorm"
WEIGHT_NORM = "torch.nn.utils.weight_norm.WeightNorm"
SPECTRAL_NORM = "torch.nn.utils.spectral_norm.SpectralNorm"
PRUNING = "torch.nn.utils.prune.BasePruningMethod"


def kinds(value: Any) -> set[str]:
    """The full names of a value's class and of all that it inherits from."""
    return {f"{kind.__module__}.{kind.__qualname__}" for kind in type(value).__mro__}


def is_module(value: Any) -> bool:
    """Whether something is a module of torch, which need not be imported for that."""
    return MODULE in kinds(value)


def wrapped(module: Any) -> dict[str, str]:
    """The names of children that are what the module wraps, and the kind of wrapper.

    A wrapper is known by its class: a module of the user's own may have a child of any name.
    """
    found: dict[str, str] = {}
    for kind in kinds(module) & WRAPPED.keys():
        found |= dict.fromkeys(WRAPPED[kind], kind)
    children = module._modules
    if "parametrizations" in children and _of_parametrizations(children["parametrizations"]):
        found["parametrizations"] = PARAMETRIZATIONS
    return found


def own_names(module: Any) -> Mapping[str, str]:
    """Of a module's parameters and buffers, those that stand for another: whose name they have.

    Parametrizations and the older hooks compute a weight of one or more tensors. One has the name
    of the weight; several have numbers. Of weight normalization's two the second, which is the
    weight but for its size, has that name.
    """
    names: dict[str, str] = {}
    if PARAMETRIZATIONS in kinds(module):
        names["original"] = ""
        if NORMALIZED in kinds(module[0]):
            names["original1"] = ""
    for hook in module._forward_pre_hooks.values():
        for kind in kinds(hook):
            if kind == WEIGHT_NORM:
                names |= {f"{hook.name}_g": f"{hook.name}.original0", f"{hook.name}_v": hook.name}
            elif kind == SPECTRAL_NORM:
                names[f"{hook.name}_orig"] = hook.name
            elif kind == PRUNING:
                names[f"{hook._tensor_name}_orig"] = hook._tensor_name
    return names


def _of_parametrizations(listed: Any) -> bool:
    lists = [] if listed is None else list(listed._modules.values())
    return bool(lists) and all(PARAMETRIZATIONS in kinds(each) for each in lists)
