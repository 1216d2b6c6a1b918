"""torch: which tensors are a run of memory and nothing else, and where torch follows what is done."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from operator import attrgetter, gt
from typing import Any

import torch
from torch import Tensor
from torch.utils._device import DeviceContext

__all__ = [
    "PLAIN",
    "all_plain",
    "constant",
    "default_device",
    "followed",
    "has_address",
    "has_memory",
    "has_values",
    "in_make_fx",
    "is_faking",
    "plain",
    "recording",
]

#: The types that are nothing but memory.
PLAIN = frozenset((Tensor, torch.nn.Parameter))

ATTRIBUTES, IS_CPU, IS_CUDA = map(attrgetter, ("__dict__", "is_cpu", "is_cuda"))
IS_NESTED, IS_QUANTIZED = map(attrgetter, ("is_nested", "is_quantized"))
BASE, GRAD_FN, NBYTES, ITEMSIZE = map(attrgetter, ("_base", "grad_fn", "nbytes", "itemsize"))
DTYPE, SHAPE = map(attrgetter, ("dtype", "shape"))
HELD = torch.UntypedStorage.nbytes

FAKE = torch._C._TorchDispatchModeKey.FAKE
PROXY = torch._C._TorchDispatchModeKey.PROXY
BEFORE_AUTOGRAD = torch._C.DispatchKey.PreDispatch  # where torch.export has its modes


def recording() -> bool:
    """Whether something follows the operations of this thread: a trace, a transform, or a mode.

    `FakeTensorMode` alone follows nothing: its tensors have no values.
    """
    if torch._C._get_tracing_state() is not None:
        return True
    modes = torch._C._len_torch_dispatch_stack()
    if modes and (modes > 1 or torch._C._get_dispatch_mode(FAKE) is None):
        return True
    if torch._C._dispatch_tls_is_dispatch_key_included(BEFORE_AUTOGRAD):
        return True
    return torch._C._functorch.maybe_current_level() is not None


def followed() -> bool:
    """Whether something follows the operations of this thread, or makes fake tensors of all."""
    return bool(torch._C._len_torch_dispatch_stack()) or recording()


def is_faking() -> bool:
    """Whether all new tensors of this thread are fake."""
    return torch._C._get_dispatch_mode(FAKE) is not None


def in_make_fx() -> bool:
    """Whether ``make_fx`` traces what is done."""
    return torch._C._get_dispatch_mode(PROXY) is not None


def default_device() -> Any:
    """That of tensors that are told none."""
    try:
        if not _sees_blocks():
            modes = reversed(torch.overrides._get_current_function_mode_stack())
            for device in (mode.device for mode in modes if isinstance(mode, DeviceContext)):
                return device
        return torch.get_default_device()
    except AttributeError:  # of torch 2.6 after torch.set_default_device(None)
        return torch.device("cpu")


@functools.cache
def _sees_blocks() -> bool:
    """Whether torch's own answer is that of a block ``with torch.device(...)``, as 2.6 has it not."""
    with torch.device("meta"):
        return bool(torch.get_default_device().type == "meta")


def has_memory(array: Any) -> bool:
    """Whether a tensor is one of torch's own, and no subclass that takes operations over."""
    own = type(array).__torch_dispatch__ is torch.Tensor.__torch_dispatch__
    return own and not torch._is_functional_tensor(array)


def has_address(array: Any) -> bool:
    """Whether a tensor has memory that can be named, though not always written."""
    wrapped = torch._C._functorch.is_functorch_wrapped_tensor(array)
    return has_memory(array) and not array.is_meta and not wrapped


def has_values(array: Any) -> bool:
    """Whether there is anything to write: not on the meta device, nor in a tensor that is fake.

    A fake tensor stands for one with values where something follows the operations.
    """
    if array.is_meta:
        return False
    if has_memory(array) or recording():
        return True
    from torch._subclasses.fake_tensor import FakeTensor

    return not isinstance(array, FakeTensor)


def constant(storage: Any, dtype: Any, device: Any) -> Any:
    """A tensor of values in host memory, as every trace, transform and mode takes it: a constant.

    Parameters
    ----------
    storage
        A NumPy array, as of `Library.to_host`, which the tensor may keep.
    dtype, device
        Of the tensor.
    """
    if not math.prod(storage.shape):
        return torch.empty(storage.shape, dtype=dtype, device=device)
    if torch._C._get_tracing_state() is not None:
        # This trace has no views of another dtype. Of the others, some do not know this function.
        made = torch.frombuffer(storage, dtype=dtype).reshape(storage.shape)
    else:
        made = torch.from_numpy(storage.view("int16") if storage.dtype == "uint16" else storage)
        made = made if made.dtype == dtype else made.view(dtype)
    return made if torch.device(device).type == "cpu" else made.to(device)


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
