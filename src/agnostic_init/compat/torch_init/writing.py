"""Writing a tensor as torch's functions do: whose randomness, which refusals, and no autograd trace."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, TypeVar

from agnostic_init.arrays.errors import ParameterError, must, must_be_type
from agnostic_init.arrays.formats import FORMATS
from agnostic_init.arrays.target import library_of
from agnostic_init.arrays.untraced import untraced
from agnostic_init.bits.key import Key
from agnostic_init.bits.key import key as make_key
from agnostic_init.initializers.base import Initializer

__all__ = [
    "KEYS",
    "RefusedError",
    "UnsupportedDtypeError",
    "is_meta",
    "key_for",
    "overridable",
    "set_all",
    "write",
]

Function = TypeVar("Function", bound=Callable[..., Any])

#: What gives the keys where a call has no generator, instead of torch's default generator.
KEYS: ContextVar[Callable[[], Key] | None] = ContextVar("KEYS", default=None)


class RefusedError(ParameterError, RuntimeError):
    """A parameter or a tensor that cannot be used, where torch raises a RuntimeError."""


class UnsupportedDtypeError(ParameterError, NotImplementedError):
    """A dtype that has no such values, where torch raises a NotImplementedError."""


@untraced
def write(init: Initializer, tensor: Any, generator: Any = None) -> Any:
    """Fill a tensor from a generator and return it; the meta device's tensors are left alone."""
    if is_meta(tensor):
        return tensor
    library = library_of(tensor)
    name = library.dtype_name(tensor.dtype)
    if init.needs_key and name not in FORMATS:
        rule = "must be real or complex floating-point"
        raise UnsupportedDtypeError(str(must("tensor.dtype", rule, name)))
    if 0 in tensor.shape:
        return tensor
    key = key_for(tensor, generator) if init.needs_key else None
    version = _version(tensor)
    try:
        init.fill(tensor, key=key)
    except ParameterError as error:
        raise RefusedError(str(error)) from None
    if version is not None and version == _version(tensor):
        # The memory was written behind autograd's back, which must learn of it all the same.
        _torch().autograd.graph.increment_version(tensor)
    return tensor


@untraced
def set_all(tensor: Any, value: Any) -> Any:
    """Set all of a tensor, of any dtype, to one number."""
    library_of(tensor).write_scalar(tensor, value)
    return tensor


def is_meta(tensor: Any) -> bool:
    """Whether a tensor is one of torch's without values: of the meta device, or a fake one."""
    fakes = sys.modules.get("torch._subclasses.fake_tensor")
    return bool(getattr(tensor, "is_meta", False)) or (
        fakes is not None and isinstance(tensor, fakes.FakeTensor)
    )


def key_for(tensor: Any, generator: Any) -> Key:
    """The key that a generator, or torch's default one for None, gives for a tensor."""
    if generator is not None:
        return make_key(generator)
    keys = KEYS.get()
    if keys is not None:
        return keys()
    try:
        torch = _torch()
    except ImportError:
        raise must_be_type(
            "generator",
            "must be given where torch is not installed",
            None,
            "generator=numpy.random.default_rng(0)",
        ) from None
    device = tensor.device if isinstance(tensor, torch.Tensor) else "cpu"
    words = torch.randint(0, 1 << 32, (2,), dtype=torch.int64, device=device)
    low, high = words.tolist()
    return Key(high << 32 | low)


def overridable(function: Function) -> Function:
    """Let tensor subclasses and modes of torch take a call over, as torch lets them."""
    signature = inspect.signature(function)

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        torch = sys.modules.get("torch")
        tensor = args[0] if args else kwargs.get("tensor")
        if torch is None or not torch.overrides.has_torch_function_variadic(tensor):
            return function(*args, **kwargs)
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return torch.overrides.handle_torch_function(call, (tensor,), **bound.arguments)

    return call  # type: ignore[return-value]


def _version(tensor: Any) -> int | None:
    """How often torch has seen a tensor written, if it counts."""
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(tensor, torch.Tensor):
        return None
    if not tensor.is_inference():
        return int(tensor._version)
    if not torch.is_inference_mode_enabled():
        rule = "must be written in inference mode, as it was made there"
        raise RefusedError(str(must("tensor", rule, tuple(tensor.shape), "a clone of it")))
    return None


def _torch() -> Any:
    import torch

    return torch
