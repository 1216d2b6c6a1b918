"""Whose randomness a call has: its generator's, its block's, or that of torch's default generator."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from agnostic_init.arrays.errors import must_be_type
from agnostic_init.bits.key import Key
from agnostic_init.bits.key import key as make_key

__all__ = ["Keys", "key_for", "keyed", "mapped", "members"]


class Keys:
    """Where the keys of a block's draws come from: one key, or torch's default generator for None."""

    def __init__(self, key: Key | None) -> None:
        self.key = key
        self.open = True
        self._next = 0

    def take(self) -> Key | None:
        """The next key: number `n` is ``key.fold_in(n)``."""
        made = self.peek()
        self._next += 1
        return made

    def peek(self) -> Key | None:
        """The next key, which is still there to be taken."""
        return None if self.key is None else self.key.fold_in(self._next)


_blocks: ContextVar[tuple[Keys, ...]] = ContextVar("keys of open blocks", default=())


@contextmanager
def keyed(key: Key | None) -> Iterator[Keys]:
    """Run a block whose keys are from one, where a call has no generator. Blocks may end in any order."""
    keys = Keys(key)
    _blocks.set((*(each for each in _blocks.get() if each.open), keys))
    try:
        yield keys
    finally:
        keys.open = False
        _blocks.set(tuple([each for each in _blocks.get() if each.open]))


def key_for(tensor: Any, generator: Any) -> Key:
    """The key that a generator, a block, or torch's default generator gives for a tensor."""
    if not mapped():
        return _given_or_next(generator) or _default_key(tensor)
    if generator is None or members().advances(generator):
        members().check_random()
    with members().outside():
        return _given_or_next(generator) or _default_key(tensor)


def mapped() -> bool:
    """Whether this code runs inside of ``torch.func.vmap``."""
    return "torch._functorch.vmap" in sys.modules and bool(members().in_vmap())


@functools.cache
def members() -> Any:
    """The module of what is drawn inside of vmap, which only torch has."""
    from agnostic_init.compat.torch_init import members

    return members


def _given_or_next(generator: Any) -> Key | None:
    """The key of a generator, or the next one of the innermost block."""
    if generator is not None:
        return make_key(generator)
    for keys in reversed(_blocks.get()):
        if keys.open:
            return keys.take()
    return None


def _default_key(tensor: Any) -> Key:
    """The key that torch's default generator gives."""
    try:
        import torch
    except ImportError:
        raise must_be_type(
            "generator",
            "must be given where torch is not installed",
            None,
            "generator=numpy.random.default_rng(0)",
        ) from None
    return _of_default()(tensor if isinstance(tensor, torch.Tensor) else None)


@functools.cache
def _of_default() -> Callable[[Any], Key]:
    """What draws that key, which only torch has."""
    from agnostic_init.compat.torch_init.default_generator import next_key

    return next_key
