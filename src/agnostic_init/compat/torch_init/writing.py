"""Writing a tensor as torch's functions do, without a trace in autograd."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from typing import Any, TypeVar

from agnostic_init.arrays.dtypes import DTYPES, FORMATS
from agnostic_init.arrays.errors import ParameterError, must, must_be_type
from agnostic_init.arrays.out import check_out
from agnostic_init.arrays.target import library_of
from agnostic_init.arrays.untraced import untraced
from agnostic_init.bits.block import block
from agnostic_init.compat.torch_init.keys import key_for, mapped, members
from agnostic_init.compat.torch_init.refusing import (
    RefusedError,
    UnsupportedDtypeError,
    refused,
)
from agnostic_init.draws.engines.host import in_use
from agnostic_init.draws.engines.native import fill_whole
from agnostic_init.initializers.base import Initializer
from agnostic_init.initializers.making import whole_draw

__all__ = [
    "has_values",
    "kept",
    "number",
    "overridable",
    "set_all",
    "shape_of",
    "write",
]

Function = TypeVar("Function", bound=Callable[..., Any])

TENSOR = "must be a tensor of torch or an array of a supported library"


def number(value: Any) -> Any:
    """A parameter, of which truth values are numbers, as they are for torch."""
    return int(value) if isinstance(value, bool) else value


def kept(function: Function) -> Function:
    """Keep what a function of plain numbers returns; others may change, or equal a refused one."""
    cached = functools.lru_cache(maxsize=256)(function)

    @functools.wraps(function)
    def call(*numbers: Any) -> Any:
        for each in numbers:
            if type(each) is not float and type(each) is not int:
                return function(*map(number, numbers))
        return cached(*numbers)

    return call  # type: ignore[return-value]


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


def write(init: Initializer, tensor: Any, generator: Any = None) -> Any:
    """Fill a tensor from a generator and return it; one without values is left alone."""
    library = _library(tensor)
    if _written_at_once(init, tensor, generator, library) or not library.has_values(tensor):
        return tensor
    if init.needs_key and mapped():
        try:
            return members().write(init, key_for(tensor, generator), tensor)
        except ParameterError as error:
            raise refused(error, out="tensor") from None
    name = library.dtype_name(tensor.dtype)
    if name not in (FORMATS if init.needs_key else DTYPES):
        rule = "must be real or complex floating-point" if init.needs_key else "must be of numbers"
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


def _written_at_once(init: Initializer, tensor: Any, generator: Any, library: Any) -> bool:
    """Whether the tensor was a run of memory that nothing else decides about, and is filled with a draw."""
    memory = library.ready(tensor)
    if memory is None or not init.needs_key or mapped() or not in_use():
        return False
    name = library.dtype_name(tensor.dtype)
    if name not in FORMATS or 0 in memory.shape:
        return False
    try:
        whole = whole_draw(init, memory.shape, name)
        if whole is None:
            return False
        fill_whole(*whole, key_for(tensor, generator), memory.address)
    except ParameterError as error:
        raise refused(error, out="tensor") from None
    library.all_written((tensor,))
    return True


@untraced
def set_all(tensor: Any, value: Any) -> Any:
    """Set all of a tensor, of any dtype, to one number."""
    shape_of(tensor)
    library = _library(tensor)
    with library.on(library.device_of(tensor)):
        library.write_scalar(tensor, value)
    return tensor


def has_values(tensor: Any) -> bool:
    """Whether a tensor has values: not on torch's meta device, nor as a fake one."""
    return bool(_library(tensor).has_values(tensor))


def _library(tensor: Any) -> Any:
    try:
        return library_of(tensor)
    except TypeError:
        raise must_be_type("tensor", TENSOR, tensor) from None


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
