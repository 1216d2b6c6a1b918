"""Which parameters are made by one call: equal ones, of an initializer that gains by it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agnostic_init.arrays.library import Library
from agnostic_init.arrays.target import Target
from agnostic_init.bits.block import block
from agnostic_init.initializers.base import Initializer
from agnostic_init.models.entry import Entry

__all__ = ["batches", "fill_batch", "make_batch"]


def batches(entries: Iterable[Entry], targets: dict[str, Target]) -> list[list[Entry]]:
    """The entries, in the order of the first of each batch; most are alone."""
    found: list[list[Entry]] = []
    last: dict[Any, list[Entry]] = {}
    for entry in entries:
        library, device = targets[entry.name].library, targets[entry.name].device
        most = entry.initializer.together(entry.shape, entry.dtype, library, device)
        kind = entry.initializer, entry.shape, entry.dtype, library, str(device)
        if most > 1 and len(last.get(kind, ())) in range(1, most):
            last[kind].append(entry)
        else:
            last[kind] = [entry]
            found.append(last[kind])
    return found


def make_batch(batch: list[Entry], target: Target) -> list[Any]:
    """New arrays of the target's library and device."""
    init, shape, keys = _common(batch)
    with target.library.on(target.device):
        if len(batch) == 1:
            return [init.make(shape, keys[0], block(shape), target)]
        return init.make_several(shape, keys, target)


def fill_batch(batch: list[Entry], outs: list[Any], library: Library) -> None:
    """The same values, into arrays that exist."""
    init, shape, keys = _common(batch)
    with library.on(library.device_of(outs[0])):
        if len(batch) == 1:
            init.write_parts(keys[0], block(shape), outs[0], library)
        else:
            init.write_several(shape, keys, outs, library)


def _common(batch: list[Entry]) -> tuple[Initializer, tuple[int, ...], list[Any]]:
    return batch[0].initializer, batch[0].shape, [entry.key for entry in batch]
