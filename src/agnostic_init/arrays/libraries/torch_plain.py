"""torch: tensors that are nothing but a run of the host's memory, as nearly all parameters are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from agnostic_init.arrays.libraries.torch_tracing import recording

__all__ = ["PLAIN", "all_plain", "plain"]

#: The types that are nothing but memory.
PLAIN = frozenset((torch.Tensor, torch.nn.Parameter))


def plain(array: Any) -> bool:
    """Whether a tensor is one run of the host's memory that nothing else decides about."""
    if type(array) not in PLAIN or array.__dict__ or not array.is_cpu or array.is_inference():
        return False
    try:
        base = array._base
        end = array.storage_offset() + array.numel()
        return bool(
            array.grad_fn is None
            and (base is None or base.grad_fn is None)
            and array.is_contiguous()
            and end * array.itemsize <= array.untyped_storage().nbytes()
            and not (array.is_nested or array.is_quantized)
            and array.data_ptr()
        )
    except (RuntimeError, NotImplementedError):  # what a transform has wrapped
        return False


def all_plain(arrays: Sequence[Any]) -> tuple[list[int], list[Any], list[Any]] | None:
    """Their addresses, shapes and dtypes, if all are plain and nothing follows what is done."""
    if recording() or not all(map(plain, arrays)):
        return None
    # Numbers that are to be read as their conjugates, or as their negatives.
    if any(array.is_neg() or (array.is_complex() and array.is_conj()) for array in arrays):
        return None
    return (
        [array.data_ptr() for array in arrays],
        [array.shape for array in arrays],
        [array.dtype for array in arrays],
    )
