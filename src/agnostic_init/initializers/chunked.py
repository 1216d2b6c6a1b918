"""Initializers of which a block is made by array operations; a lazy library makes one for each chunk."""

from __future__ import annotations

from typing import Any

from agnostic_init.arrays.target import Target, backend
from agnostic_init.bits.block import Block
from agnostic_init.bits.key import Key
from agnostic_init.initializers.base import Initializer

__all__ = ["Chunked"]


class Chunked(Initializer):
    """A subclass makes a block in a library that computes at once."""

    def _block(self, shape: tuple[int, ...], key: Key | None, part: Block, target: Target) -> Any:
        """The block, on the target's device."""
        raise NotImplementedError

    def _make(self, shape: tuple[int, ...], key: Key | None, part: Block, target: Target) -> Any:
        self._check(shape, target.dtype)
        library = target.library
        if not library.lazy:
            working = Target(library, target.dtype, library.working_device(target.device))
            return library.placed(self._block(shape, key, part, working), target.device)
        host = Target(backend("numpy"), target.dtype, None)
        return library.by_blocks(
            lambda index: self._block(shape, key, part.part(index), host),
            part.shape,
            library.dtype(target.dtype),
            target.like,
            (self, key, part),
        )
