"""Draws inside of ``torch.func.vmap``: for every member its own, or one for all, as it was told."""

from __future__ import annotations

import itertools
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch._C._functorch import TransformType, _add_batch_dim, maybe_current_level
from torch._functorch.pyfunctorch import (
    retrieve_all_functorch_interpreters,
    temporarily_clear_interpreter_stack,
)

from agnostic_init.arrays.errors import must
from agnostic_init.bits.key import Key
from agnostic_init.initializers.base import Initializer

__all__ = ["advances", "check_random", "in_vmap", "outside", "values", "write"]


def in_vmap() -> bool:
    """Whether this code runs for the members of a batch at once."""
    return maybe_current_level() is not None and bool(_maps())


def check_random() -> None:
    """Raise what torch raises where vmap was not told whether members draw alike."""
    if any(each.randomness() == "error" for each in _maps()):
        torch.rand(())


def advances(generator: Any) -> bool:
    """Whether torch's vmap has a say in what is drawn of a generator, as in its own."""
    return isinstance(generator, torch.Generator)


def outside() -> AbstractContextManager[Any]:
    """A block that draws for all members."""
    context: AbstractContextManager[Any] = temporarily_clear_interpreter_stack()
    return context


def values(init: Initializer, key: Key, like: Any) -> Any:
    """The values of a tensor: where members are to differ, those of member `i` from ``key.fold_in(i)``."""
    differing = [each for each in _maps() if each.randomness() == "different"]
    sizes = [each.batch_size() for each in differing]
    shape, dtype, device = tuple(like.shape), like.dtype, like.device
    with outside():
        whole = torch.empty((*sizes, *shape), dtype=dtype, device=device)
        for place in itertools.product(*map(range, sizes)):
            own = key
            for number in place:
                own = own.fold_in(number)
            init.fill(whole[place], key=own)
    for each in differing:
        whole = _add_batch_dim(whole, 0, each.level())
    return whole


def write(init: Initializer, key: Key, tensor: Any) -> Any:
    """Write a tensor in place, and return it."""
    made = values(init, key, tensor)
    try:
        with torch.no_grad():
            return tensor.copy_(made)
    except RuntimeError:
        rule = "must be mapped over by vmap, for its members to differ"
        hint = "torch.empty_like(x), of what is mapped over, or randomness='same'"
        raise must("tensor", rule, type(tensor), hint) from None


def _maps() -> list[Any]:
    """The calls of vmap that this code runs in, the outermost first."""
    every = retrieve_all_functorch_interpreters()
    return [each for each in every if each.key() == TransformType.Vmap]
