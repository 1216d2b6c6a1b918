"""torch: tensors that are nothing but a run of memory, as nearly all parameters are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from agnostic_init.arrays.libraries.torch_tracing import recording

__all__ = ["PLAIN", "all_plain", "plain"]

#: The types that are nothing but memory.
PLAIN = frozenset((torch.Tensor, torch.nn.Parameter))


def plain(array: Any, *, cuda: bool = False) -> int:
    """The address of a tensor that is one run of memory that nothing else decides about.

    Of the host's, or with `cuda` a GPU's too; 0 of any other. The conditions are in the order of what they cost, as a model has thousands.
    """
    if type(array) not in PLAIN or array.__dict__ or not (array.is_cpu or (cuda and array.is_cuda)):
        return 0
    try:
        base, offset = array._base, array.storage_offset()
        end = array.nbytes + (offset * array.itemsize if offset else 0)
        if (
            array.grad_fn is None
            and (base is None or base.grad_fn is None)
            and array.is_contiguous()
            and end <= array.untyped_storage().nbytes()
            and not (array.is_nested or array.is_quantized or array.is_inference())
        ):
            address: int = array.data_ptr()
            return address
    except (RuntimeError, NotImplementedError):  # what a transform has wrapped
        pass
    return 0


def all_plain(
    arrays: Sequence[Any], *, cuda: bool = False
) -> tuple[list[int], list[Any], list[Any]] | None:
    """Their addresses, shapes and dtypes, if all are plain and nothing follows what is done.

    With `cuda`, of tensors that all are on one GPU.
    """
    if recording():
        return None
    addresses = [plain(array, cuda=cuda) for array in arrays] if cuda else list(map(plain, arrays))
    if 0 in addresses or (cuda and len({array.device for array in arrays}) > 1):
        return None
    dtypes = [array.dtype for array in arrays]
    # Numbers that are to be read as their conjugates, which complex ones may be, or as negatives.
    if not all(dtype.is_floating_point for dtype in {*dtypes}):
        return None
    if True in [array.is_neg() for array in arrays]:
        return None
    return addresses, [array.shape for array in arrays], dtypes
