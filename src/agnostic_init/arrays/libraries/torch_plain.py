"""torch: tensors that are nothing but a run of memory, as nearly all parameters are."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter, gt
from typing import Any

import torch
from torch import Tensor

from agnostic_init.arrays.libraries.torch_tracing import recording

__all__ = ["PLAIN", "all_plain", "plain"]

#: The types that are nothing but memory.
PLAIN = frozenset((Tensor, torch.nn.Parameter))

ATTRIBUTES, IS_CPU, IS_CUDA = map(attrgetter, ("__dict__", "is_cpu", "is_cuda"))
IS_NESTED, IS_QUANTIZED = map(attrgetter, ("is_nested", "is_quantized"))
BASE, GRAD_FN, NBYTES, ITEMSIZE = map(attrgetter, ("_base", "grad_fn", "nbytes", "itemsize"))
DTYPE, SHAPE = map(attrgetter, ("dtype", "shape"))
HELD = torch.UntypedStorage.nbytes


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

    With `cuda`, of tensors that all are on one GPU. What `plain` asks of one is asked here of all,
    one question after another, in half the time.
    """
    if recording() or not PLAIN.issuperset(map(type, arrays)) or any(map(ATTRIBUTES, arrays)):
        return None
    if not all(map(IS_CUDA if cuda else IS_CPU, arrays)):
        return None
    if cuda and len({array.device for array in arrays}) > 1:
        return None
    try:
        bases = {*map(BASE, arrays)} - {None}
        if {*map(GRAD_FN, arrays), *map(GRAD_FN, bases)} != {None}:
            return None
        if any(map(IS_NESTED, arrays)) or any(map(IS_QUANTIZED, arrays)):
            return None
        if any(map(Tensor.is_inference, arrays)) or not all(map(Tensor.is_contiguous, arrays)):
            return None
        ends, offsets = list(map(NBYTES, arrays)), list(map(Tensor.storage_offset, arrays))
        if any(offsets):
            sizes = map(ITEMSIZE, arrays)
            ends = [end + n * size for end, n, size in zip(ends, offsets, sizes, strict=True)]
        if any(map(gt, ends, map(HELD, map(Tensor.untyped_storage, arrays)))):
            return None
        addresses = list(map(Tensor.data_ptr, arrays))
    except (RuntimeError, NotImplementedError):  # what a transform has wrapped
        return None
    if 0 in addresses:
        return None
    dtypes = list(map(DTYPE, arrays))
    # Numbers that are to be read as their conjugates, which complex ones may be, or as negatives.
    if not all(dtype.is_floating_point for dtype in {*dtypes}) or any(map(Tensor.is_neg, arrays)):
        return None
    return addresses, list(map(SHAPE, arrays)), dtypes
