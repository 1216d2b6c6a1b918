"""What `patch` and `skip_init` do with the calls of their blocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch._C import _disabled_torch_function_impl as DISABLED
from torch.utils.weak import WeakTensorKeyDictionary

from agnostic_init.arrays.libraries.torch_shards import is_sharded
from agnostic_init.compat.torch_init import elementwise, members, scaled, structured
from agnostic_init.compat.torch_init.calls import Call
from agnostic_init.compat.torch_init.keys import Keys, key_for, mapped
from agnostic_init.compat.torch_init.meanings import FILLING
from agnostic_init.compat.torch_init.mode import Handler
from agnostic_init.compat.torch_init.repeated import check_once
from agnostic_init.compat.torch_init.seeded import drawn_by_torch
from agnostic_init.compat.torch_init.watching import Watch, warn_of_ranks
from agnostic_init.compat.torch_init.writing import has_values, write

__all__ = ["Patched", "Skipped"]


class Patched(Handler):
    """Draws with keys, or with torch's default generator."""

    def __init__(self, keys: Keys, watch: Watch | None = None) -> None:
        self._keys = keys
        self._watch = watch
        self._warns = keys.key is not None  # of ranks, and has not yet

    def other(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        """Call what is not seen to draw, and look whether it did."""
        result = function(*args, **kwargs)
        if self._watch is not None:
            self._watch.look(function)
        return result

    def draw(self, call: Call) -> Any:
        """Draw what a call means."""
        init = call.initializer
        if not call.random:
            return call.original() if torch.is_tensor(call.tensor) else _ours(call)
        if call.of_init and _takes_over(call.tensor):
            return _ours(call)
        if init is None:
            return call.tensor if call.of_init else self._by_torch(call)
        if call.generator is None:
            check_once(call)
        if call.make is not None:
            made = call.make()
            self._warn_of_ranks(made)
            if mapped() and has_values(made):
                return call.after(members.values(init, key_for(made, call.generator), made))
            return call.after(write(init, made, call.generator))
        self._warn_of_ranks(call.tensor)
        if not call.of_init and _followed(call.tensor):
            with torch.no_grad():
                values = write(init, torch.empty_like(call.tensor), call.generator)
            return call.tensor.copy_(values)
        return write(init, call.tensor, call.generator)

    def _warn_of_ranks(self, tensor: Any) -> None:
        """Warn where ranks draw whole tensors; of a DTensor each writes its own part."""
        if self._warns and not is_sharded(tensor):
            self._warns = False
            warn_of_ranks()

    def _by_torch(self, call: Call) -> Any:
        key = self._keys.peek()
        if key is None or call.generator is not None:
            return call.original()
        result, drew = drawn_by_torch(call, key)
        if drew:
            check_once(call)
            self._keys.take()
        return result


class Skipped(Handler):
    """Leaves parameters as they are, and whatever ``torch.nn.init`` is given."""

    meant = False

    def __init__(self) -> None:
        self._theirs = WeakTensorKeyDictionary()  # what has the memory of a parameter, and is none

    def draw(self, call: Call) -> Any:
        """Return what the call would have written, unwritten; what is no parameter is drawn."""
        skipped = call.of_init or (call.tensor is not None and self._of_parameter(call.tensor))
        return call.tensor if skipped else call.original()

    def other(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        """Call anything else, and remember what has the memory of a parameter."""
        result = function(*args, **kwargs)
        if function in DETACHING and isinstance(args[0], torch.nn.Parameter):
            self._theirs[result] = True
        return result

    def _of_parameter(self, tensor: Any) -> bool:
        """Whether a tensor is a parameter, its ``.data``, or a view of either."""
        base = getattr(tensor, "_base", None)
        return any(
            isinstance(each, torch.nn.Parameter) or each in self._theirs
            for each in (tensor, base)
            if each is not None
        )


DETACHING = (torch.Tensor.data.__get__, torch.Tensor.detach)


FACES: dict[str, Callable[..., Any]] = {
    name: getattr(module, name)
    for module in (elementwise, scaled, structured)
    for name in FILLING
    if hasattr(module, name)
}


def _takes_over(tensor: Any) -> bool:
    """Whether a tensor is of a subclass that may take calls over, which our own functions let it."""
    own = getattr(type(tensor), "__torch_function__", DISABLED)
    plain = torch.Tensor.__torch_function__.__func__
    return own is not DISABLED and getattr(own, "__func__", own) is not plain


def _followed(tensor: Any) -> bool:
    """Whether autograd follows what becomes of a tensor, or refuses that it is written."""
    try:
        return tensor.requires_grad and (torch.is_grad_enabled() or tensor.grad_fn is not None)
    except RuntimeError:  # one of several views, another of which was written
        return False


def _ours(call: Call) -> Any:
    return FACES[call.name](*call.args, **call.kwargs)
