"""torch: which tensors keep what is written into them, and what to write instead of the others."""

from __future__ import annotations

from typing import Any

import torch

from agnostic_init.arrays.libraries import torch_shards
from agnostic_init.arrays.libraries.torch_building import BUILDING, UNFINISHED
from agnostic_init.arrays.libraries.torch_tracing import (
    has_address,
    has_memory,
    has_values,
    plain,
    recording,
)
from agnostic_init.arrays.memory import overlaps
from agnostic_init.arrays.refusals import FREED, NOT_WHOLE, OVERLAPPING, Refusal

__all__ = ["FSDP_1", "ZERO_3", "readable", "why_not_writable"]


LAZY = Refusal(
    "has no shape yet, as a parameter of a lazy module before its first call",
    "a call of the module before",
)
META = Refusal(
    "is on the meta device, which has no memory",
    "module.to_empty(device='cpu') before, or to leave out what is_meta",
)
MASKED = Refusal("is a masked tensor", "the tensor that it is made of, tensor.get_data()")
NESTED = Refusal("is a nested tensor", "the tensors that it is made of")
QUANTIZED = Refusal("is quantized", "the tensor before it is quantized")
ZERO = Refusal("is a shared zero without memory", "torch.zeros_like of it")
INFERENCE = Refusal(
    "was made in inference mode and may be written only there", "torch.inference_mode(), or a clone"
)
COMPUTED = Refusal(
    "was computed, so that what it was computed from would stay as it is",
    "the parameter itself; of a parametrized module: module.weight = init(shape, ...)",
)
ZERO_3 = Refusal(
    "is partitioned by DeepSpeed's ZeRO-3, and its elements are elsewhere",
    "with deepspeed.zero.GatheredParameters(parameters, modifier_rank=0): ...",
)
FSDP_1 = Refusal(
    "is a flat shard of FSDP's, of no shape of its own",
    "with FSDP.summon_full_params(module): ..., and there `parameter.data`, or FSDP2",
)


def why_not_writable(array: Any) -> Refusal | None:
    """What stands against writing a tensor; None if it will keep what is written."""
    if plain(array, cuda=True):
        return None
    return _by_kind(array) or _by_owner(array) or _by_memory(array)


def _by_kind(array: Any) -> Refusal | None:
    if isinstance(array, torch.nn.parameter.UninitializedTensorMixin):
        return LAZY
    if array.is_nested:
        return NESTED
    if isinstance(array, torch.masked.MaskedTensor):
        return MASKED
    if array.layout is not torch.strided:
        return Refusal(f"has the layout {array.layout}", "its values, or a strided tensor")
    if array.is_quantized:
        return QUANTIZED
    if array.device.type == "meta":
        return UNFINISHED if BUILDING.get() else META
    if array._is_zerotensor():
        return ZERO
    return None


def _by_owner(array: Any) -> Refusal | None:
    """Whether something else than the tensor decides about its values."""
    whole = getattr(array, "ds_shape", None)
    if whole is not None and tuple(whole) != tuple(array.shape):
        return ZERO_3
    if getattr(array, "_is_flat_param", False):
        return FSDP_1
    # One dimension is what a shard has; which a whole bias has too, is told nowhere.
    if array.ndim == 1 and getattr(array, "_fsdp_flattened", False) and _several_processes():
        return FSDP_1
    if recording():  # a write is an operation, of which nothing is lost
        return None
    base = array._base
    computed = not (array if base is None else base).is_leaf
    return COMPUTED if computed or torch_shards.is_copy(array, base) else None


def _by_memory(array: Any) -> Refusal | None:
    if torch_shards.is_sharded(array):
        if any(placement.is_partial() for placement in array.placements):
            return NOT_WHOLE
        return why_not_writable(torch_shards.held(array))
    if overlaps(array.shape, array.stride()):
        return OVERLAPPING
    if array.is_inference() and not torch.is_inference_mode_enabled():
        return INFERENCE
    if not has_memory(array):
        return _of_subclass(array)
    return FREED if not recording() and _freed(array) else None


def _freed(array: Any) -> bool:
    """Whether a tensor's storage is too small for its elements, which torch reads all the same."""
    if not array.numel():
        return False
    last = sum(step * (n - 1) for step, n in zip(array.stride(), array.shape, strict=True))
    needed = (array.storage_offset() + last + 1) * array.itemsize
    return bool(array.untyped_storage().nbytes() < needed)


def readable(array: Any) -> bool:
    """Whether a tensor has values, and all of them in memory."""
    if plain(array, cuda=True):
        return True
    if _by_kind(array) in (LAZY, NESTED) or not has_values(array):
        return False
    if torch_shards.is_sharded(array):
        return readable(torch_shards.held(array))
    dense = array.layout is torch.strided and has_address(array) and not array._is_zerotensor()
    return recording() or not dense or not _freed(array)


def _of_subclass(array: Any) -> Refusal | None:
    """Whether a tensor that takes operations over takes a write, tried where nothing is written."""
    if recording() or not hasattr(type(array), "__tensor_flatten__"):
        return None
    from torch._subclasses.fake_tensor import FakeTensorMode

    try:
        with torch.no_grad(), FakeTensorMode(allow_non_fake_inputs=True) as mode:
            stand_in = mode.from_tensor(array.detach())
            stand_in.copy_(torch.empty(array.shape, dtype=array.dtype, device=array.device))
    except Exception as error:  # noqa: BLE001 - of any kind, as the subclass is anybody's
        kind = type(array).__name__
        reason = f"is of {kind}, which takes no values ({type(error).__name__}: {error})"
        return Refusal(reason[:200], f"the tensor before it becomes a {kind}")
    return None


def _several_processes() -> bool:
    distributed = torch.distributed
    return bool(
        distributed.is_available()
        and distributed.is_initialized()
        and distributed.get_world_size() > 1
    )
