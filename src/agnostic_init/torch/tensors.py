"""Tensors as torch hands them around: in arguments, with memory or without, and in each other's place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.utils._python_dispatch import _disable_current_modes

from agnostic_init.bits.key import Key

__all__ = ["alone", "constant_in", "on_meta", "plain", "seeded", "swap", "tensors_in", "unwatched"]

OWN = (torch.Tensor, torch.nn.Parameter)
AHEAD = 1024  # elements that are looked at first

alone = _disable_current_modes  # a block in which no mode is on torch's stack


class unwatched:
    """A block whose operations no mode sees; entering it takes no time."""

    def __enter__(self) -> None:
        self._guards = torch._C.DisableTorchFunction(), torch._C._DisableTorchDispatch()
        for guard in self._guards:
            guard.__enter__()

    def __exit__(self, *error: object) -> None:
        for guard in reversed(self._guards):
            guard.__exit__(*error)


def plain(tensor: Any) -> bool:
    """Whether a tensor is one of torch's own with strides, and none that stands for others."""
    kind = type(tensor)
    if kind not in OWN and kind.__torch_dispatch__ is not torch.Tensor.__torch_dispatch__:
        return False
    keys = torch._C._dispatch_keys(tensor).raw_repr()
    known = _plain.get(keys)
    if known is None:
        known = _plain[keys] = _is_plain(tensor)
    return known


#: What was found, by the keys that a tensor is dispatched by, of which all that is asked follows.
_plain: dict[int, bool] = {}


def _is_plain(tensor: Any) -> bool:
    return (
        tensor.layout is torch.strided
        and not tensor.is_quantized
        and not tensor.is_nested
        and not torch._C._functorch.is_functorch_wrapped_tensor(tensor)
        and not torch._is_functional_tensor(tensor)
    )


def tensors_in(arguments: Iterable[Any]) -> Iterator[Any]:
    """The tensors among arguments, and in lists and tuples there."""
    for each in arguments:
        kind = type(each)
        if kind in OWN or isinstance(each, torch.Tensor):
            yield each
        elif kind is list or isinstance(each, (list, tuple)):
            yield from tensors_in(each)


def on_meta(given: Any) -> Any:
    """The same arguments, with tensors and devices without memory."""
    if isinstance(given, torch.Tensor):
        if given.is_meta:
            return given
        with unwatched():
            bare = torch.empty(0, dtype=given.dtype, device="meta")
            return bare.as_strided(given.shape, given.stride())
    if isinstance(given, torch.device):
        return torch.device("meta")
    if isinstance(given, dict):
        named = {name: on_meta(each) for name, each in given.items()}
        return named | {"device": torch.device("meta")} if "device" in named else named
    if isinstance(given, list | tuple):
        return type(given)([on_meta(each) for each in given])
    return given


def swap(tensor: Any, other: Any) -> None:
    """Give a tensor the memory, shape and dtype of another one, which gets those of the first.

    It remains the object that it is, of the same class, with its attributes.
    """
    if type(tensor) is not torch.Tensor or tensor.requires_grad:
        other = torch.Tensor._make_subclass(torch.nn.Parameter, other, tensor.requires_grad)
    torch._C._swap_tensor_impl(tensor, other)


def constant_in(tensor: Any) -> Any:
    """The number that a tensor is full of, or None."""
    if not tensor.numel():
        return None
    row = tensor.reshape(-1)
    first = row[0]
    if bool((row[:AHEAD] == first).all()) and bool((row == first).all()):
        return first.item()
    return None


@contextmanager
def seeded(key: Key) -> Iterator[None]:
    """A block in which torch's default generator of the CPU is one of this key."""
    generator = torch.default_generator
    state = generator.get_state()
    words = key.fold_in("torch's generator")
    generator.manual_seed(words.seed & (2**63 - 1))
    try:
        yield
    finally:
        generator.set_state(state)
