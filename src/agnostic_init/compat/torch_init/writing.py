"""Writing a tensor as torch's functions do: whose randomness, which refusals, and no autograd trace."""

from __future__ import annotations

import functools
import inspect
import sys
import warnings
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, TypeVar

from agnostic_init.arrays.dtypes import FORMATS
from agnostic_init.arrays.errors import ParameterError, must, must_be_type
from agnostic_init.arrays.out import check_out
from agnostic_init.arrays.target import backend, library_of
from agnostic_init.arrays.untraced import untraced
from agnostic_init.bits.block import block
from agnostic_init.bits.key import Key
from agnostic_init.bits.key import key as make_key
from agnostic_init.initializers.base import Initializer

__all__ = [
    "KEYS",
    "Numbers",
    "RefusedError",
    "UnsupportedDtypeError",
    "has_values",
    "key_for",
    "number",
    "overridable",
    "refused",
    "set_all",
    "shape_of",
    "warn",
    "write",
]

Function = TypeVar("Function", bound=Callable[..., Any])

WITHIN = (
    "agnostic_init.",
    "torch.overrides",
    "torch.nn.init",
    "torch._dynamo.",
    "torch.utils._contextlib",
)
TENSOR = "must be a tensor of torch or an array of a supported library"


class Numbers:
    """Keys one after the other: number `n` is ``key.fold_in(n)``."""

    def __init__(self, key: Key) -> None:
        self._key = key
        self._next = 0

    def __call__(self) -> Key:
        """Take the next key."""
        made = self.peek()
        self._next += 1
        return made

    def peek(self) -> Key:
        """The next key, which is still there to be taken."""
        return self._key.fold_in(self._next)


#: What gives the keys where a call has no generator, instead of torch's default generator.
KEYS: ContextVar[Numbers | None] = ContextVar("KEYS", default=None)


class RefusedError(ParameterError, RuntimeError):
    """A parameter or a tensor that cannot be used, where torch raises a RuntimeError."""


class UnsupportedDtypeError(ParameterError, NotImplementedError):
    """A dtype that has no such values, where torch raises a NotImplementedError."""


def refused(error: ParameterError, **names: str) -> RefusedError:
    """What torch raises for a parameter, which may have another name here.

    Parameters
    ----------
    error
        Of an initializer.
    **names
        By the names that the initializers have for parameters, those that torch has.
    """
    text = str(error)
    for ours, theirs in names.items():
        text = text.replace(f"`{ours}`", f"`{theirs}`")
    return RefusedError(text)


def number(value: Any) -> Any:
    """A parameter, of which truth values are numbers, as they are for torch."""
    return int(value) if isinstance(value, bool) else value


def warn(text: str) -> None:
    """Warn whoever called a function of this package, or torch's in whose place it stands."""
    frame, level = inspect.currentframe(), 1
    while frame is not None and str(frame.f_globals.get("__name__")).startswith(WITHIN):
        frame, level = frame.f_back, level + 1
    warnings.warn(text, stacklevel=level)


def shape_of(tensor: Any) -> tuple[int, ...]:
    """The shape of a tensor, which one of a lazy module does not have yet."""
    try:
        return tuple(map(int, tensor.shape))
    except AttributeError:
        raise must_be_type("tensor", TENSOR, tensor) from None
    except RuntimeError:
        rule = "must have a shape, which a parameter of a lazy module has after the first call"
        hint = "a call of the module before"
        raise RefusedError(str(must("tensor", rule, type(tensor), hint))) from None


@untraced
def write(init: Initializer, tensor: Any, generator: Any = None) -> Any:
    """Fill a tensor from a generator and return it; one without values is left alone."""
    library = _library(tensor)
    if not library.has_values(tensor):
        return tensor
    if init.needs_key and library.dtype_name(tensor.dtype) not in FORMATS:
        rule = "must be real or complex floating-point"
        name = library.dtype_name(tensor.dtype)
        raise UnsupportedDtypeError(str(must("tensor.dtype", rule, name)))
    try:
        check_out(tensor, name="tensor")
        shape = shape_of(tensor)
        if 0 in shape:
            return tensor
        key = key_for(tensor, generator) if init.needs_key else None
        init.write_parts(key, block(shape), tensor, library)
    except ParameterError as error:
        raise refused(error, out="tensor") from None
    return tensor


@untraced
def set_all(tensor: Any, value: Any) -> Any:
    """Set all of a tensor, of any dtype, to one number."""
    shape_of(tensor)
    library = _library(tensor)
    with library.on(library.device_of(tensor)):
        library.write_scalar(tensor, value)
    return tensor


@untraced
def has_values(tensor: Any) -> bool:
    """Whether a tensor has values: not on torch's meta device, nor as a fake one."""
    return bool(_library(tensor).has_values(tensor))


def _library(tensor: Any) -> Any:
    try:
        return library_of(tensor)
    except TypeError:
        raise must_be_type("tensor", TENSOR, tensor) from None


def key_for(tensor: Any, generator: Any) -> Key:
    """The key that a generator, or torch's default one for None, gives for a tensor."""
    if generator is not None:
        return make_key(generator)
    keys = KEYS.get()
    if keys is not None:
        return keys()
    try:
        import torch
    except ImportError:
        raise must_be_type(
            "generator",
            "must be given where torch is not installed",
            None,
            "generator=numpy.random.default_rng(0)",
        ) from None
    device = tensor.device if isinstance(tensor, torch.Tensor) else "cpu"
    words = torch.randint(0, 1 << 32, (2,), dtype=torch.int64, device=device)
    if backend("torch").memory(words) is None:
        rule = "must be given where torch follows operations on tensors without values"
        raise RefusedError(str(must("generator", rule, None, "generator=0")))
    low, high = words.tolist()
    return make_key(high << 32 | low)


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
