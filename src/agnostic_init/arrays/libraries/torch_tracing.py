"""torch: where writing memory is not enough, as torch follows operations or a tensor has no memory."""

from __future__ import annotations

import math
from typing import Any

import torch

__all__ = [
    "constant",
    "followed",
    "has_address",
    "has_memory",
    "has_values",
    "in_make_fx",
    "is_faking",
    "recording",
]

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
