"""Blocks in which models are built with parameters that have no memory."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from typing import Any

import torch
from torch.nn.modules.module import (
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
)

from agnostic_init.arrays.errors import must
from agnostic_init.arrays.libraries.torch_building import BUILDING
from agnostic_init.arrays.libraries.torch_tracing import default_device
from agnostic_init.compat.torch_init.calls import Call
from agnostic_init.compat.torch_init.meanings import FILLING
from agnostic_init.compat.torch_init.mode import Handler, drawing
from agnostic_init.torch.foreign import Generators
from agnostic_init.torch.recorder import Recorder
from agnostic_init.torch.tensors import alone, plain, swap, unwatched

__all__ = ["Recording", "recording"]

#: The recorder of this context, which a hook on all modules of the process asks for.
_current: ContextVar[Recorder | None] = ContextVar("recorder", default=None)
_owners: ContextVar[weakref.WeakSet[Any] | None] = ContextVar("owners", default=None)


class Recording(Handler):
    """Draws by functions of torch that have an initializer here are recorded as that."""

    alone = True

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder

    def draw(self, call: Call) -> Any:
        init = call.initializer
        fixed = init is not None and not init.needs_key and call.name in CONSTANT
        if fixed and self._filled(call):
            return call.tensor
        if init is None or call.generator is not None or fixed:
            return call.original()
        if call.tensor is not None:
            self.recorder.draw(call.tensor, init)
            return call.after(call.tensor)
        if call.make is not None:
            made = call.make()
            self.recorder.draw(made, init)
            return call.after(made)
        return call.original()

    def _ours(self, function: Any, name: str, args: Any, kwargs: Mapping[str, Any]) -> Any:
        """A function of ``compat.torch_init``: a draw as torch's, or that of the caller's generator."""
        tensor, init, generator = FILLING[name](*args, **kwargs)
        if not self.recorder.has_none(tensor):
            return function(*args, **kwargs)
        if generator is None and init is not None:
            self.recorder.draw(tensor, init)
            return tensor
        with alone():
            made = torch.empty(tensor.shape, dtype=tensor.dtype, device="cpu")
            function(made, *args[1:], **{n: v for n, v in kwargs.items() if n != "tensor"})
        with torch.no_grad():
            return tensor.copy_(made)

    def _filled(self, call: Call) -> bool:
        """Record a constant, or say that it has to be seen what torch does."""
        value: Any = FIXED_VALUES.get(call.name)
        if value is None:
            value = call.kwargs["val"] if "val" in call.kwargs else call.args[1]
        return type(value) in (int, float) and self.recorder.fill(call.tensor, value)

    def other(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        name = getattr(function, "__name__", "")
        if name == "__setitem__" and isinstance(args[2], int | float):
            # Torch would make a tensor of the number where it is not to be seen.
            number = torch.tensor(args[2], dtype=args[0].dtype, device="cpu")
            return function(args[0], args[1], number)
        if function == SET_DATA and args[0].is_meta and not args[1].is_meta and plain(args[1]):
            data = self.recorder.bare(args[1])
            if data.is_meta:
                return function(args[0], data)
            with unwatched():  # it is from before the block, and keeps its values
                swap(args[0], data)
            return None
        if name in FROM_DATA:
            return _from_data(function, name, args, kwargs)
        if name in FILLING and _is_ours(function):
            return self._ours(function, name, args, kwargs)
        if name in SHARING and args and self.recorder.has_none(args[0]):
            rule = f"must not call `{name}` of parameters, which have no memory here to be shared"
            raise must("make", rule, function, "tensor.numpy() to read it, or what build returns")
        if name in ONE_BY_ONE and self.recorder.has_none(args[0]):
            rule = f"must not call `{name}` of parameters, which have no values here"
            raise must("make", rule, function, "operations on whole tensors, as add_ or copy_")
        if name in READING and args:
            self.recorder.check_known(args[0])
        if name in READING and args and self.recorder.has_none(args[0]):
            values = function(self.recorder.values(args[0]), *args[1:], **kwargs)
            if name != "tolist":
                values.flags.writeable = False  # what is written there would be lost
            return values
        return function(*args, **kwargs)


def _from_data(function: Any, name: str, args: Any, kwargs: Mapping[str, Any]) -> Any:
    """A tensor of numbers that are there, on the device of parameters, where they would be lost."""
    data, *_ = args[name == "new_tensor" :] or (kwargs.get("data"),)
    device, dtype = kwargs.get("device"), kwargs.get("dtype")
    if device is None and name == "new_tensor":
        device = args[0].device
    if isinstance(data, torch.Tensor) or device is None or torch.device(device).type != "meta":
        return function(*args, **kwargs)
    if dtype is None and name == "new_tensor":
        dtype = args[0].dtype
    made = torch.tensor(data, dtype=dtype, device="cpu").to("meta")
    return made.requires_grad_() if kwargs.get("requires_grad") else made


FROM_DATA = frozenset(("tensor", "as_tensor", "asarray", "new_tensor"))


def _is_ours(function: Any) -> bool:
    """Whether it is one of ``compat.torch_init``, which modes are asked about as of torch's."""
    return str(getattr(function, "__module__", "")).startswith("agnostic_init.compat.torch_init.")


SHARING = frozenset(("__dlpack__", "__dlpack_device__", "share_memory_"))
SET_DATA = torch.Tensor.data.__set__
ONE_BY_ONE = frozenset(("apply_", "map_", "map2_"))
READING = frozenset(("numpy", "tolist", "__array__"))
CONSTANT = frozenset(("constant_", "ones_", "zeros_"))
FIXED_VALUES = {"ones_": 1.0, "zeros_": 0.0}


@contextmanager
def recording(recorder: Recorder) -> Iterator[weakref.WeakSet[Any]]:
    """Run a block whose modules have parameters without memory; get these modules."""
    generators = Generators()
    building = BUILDING.set(True)
    token = _current.set(recorder)
    modules: weakref.WeakSet[Any] = weakref.WeakSet()
    owners = _owners.set(modules)
    hooks = (
        register_module_parameter_registration_hook(_registered),
        register_module_module_registration_hook(_joined),
    )
    try:
        with ExitStack() as stack:
            if default_device().type == "meta":
                # Buffers are to have values, and some code initializes nothing on meta.
                stack.enter_context(torch.device("cpu"))
            stack.enter_context(drawing(Recording(recorder)))
            stack.enter_context(recorder)
            yield modules
        recorder.foreign = generators.moved()
    finally:
        for hook in hooks:
            hook.remove()
        BUILDING.reset(building)
        _owners.reset(owners)
        _current.reset(token)


def _registered(module: Any, name: str, parameter: Any) -> None:
    recorder = _current.get()
    if recorder is not None and parameter is not None:
        recorder.adopt(parameter)
        _noted(module)


def _joined(module: Any, name: str, child: Any) -> None:
    if _current.get() is not None:
        _noted(module)


def _noted(module: Any) -> None:
    modules = _owners.get()
    if modules is not None:
        modules.add(module)
