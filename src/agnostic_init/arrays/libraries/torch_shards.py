"""torch's DTensor: which parts of the global array this process holds, and where they lie."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from agnostic_init.arrays.errors import must, must_be_type
from agnostic_init.arrays.libraries.torch_tracing import has_memory, in_make_fx

__all__ = ["agreed", "counts_elsewhere", "held", "is_copy", "is_sharded", "parts"]


def is_sharded(array: Any) -> bool:
    """Whether a tensor is a DTensor; none is before its module was imported."""
    module = sys.modules.get("torch.distributed.tensor")
    return module is not None and isinstance(array, module.DTensor)


def agreed(words: Any, array: Any) -> Any:
    """Words that the processes of a DTensor's mesh have in common: those of its first one."""
    if not is_sharded(array) or array.device_mesh.get_coordinate() is None:
        return words
    distributed = torch.distributed
    for axis in range(array.device_mesh.ndim):
        group = array.device_mesh.get_group(axis)
        distributed.broadcast(words, distributed.get_global_rank(group, 0), group=group)
    return words


def held(array: Any) -> Any:
    """What this process holds of a DTensor, in its own memory."""
    with torch.no_grad():
        return array.to_local()


def is_copy(array: Any, base: Any) -> bool:
    """Whether what torch calls a view of a DTensor is one that other processes had to send."""
    if is_sharded(array):
        if not is_sharded(base):
            return False
        own, its = (held(each).untyped_storage()._cdata for each in (array, base))
        return bool(own != its)
    try:
        node = array.grad_fn  # of the whole of a DTensor it says how it came to be
    except RuntimeError:  # one of several views of a tensor, another of which was written
        return False
    while node is not None and base is not None:
        if node.name() == "RedistributeBackward":
            return True
        node = node.next_functions[0][0] if node.next_functions else None
    return False


def counts_elsewhere(array: Any) -> bool:
    """Whether what this process holds of a DTensor is what another holds too, and is to count there.

    Raises
    ------
    ParameterError
        If its values are those of no process, but a sum of several processes'.
    """
    coordinate = array.device_mesh.get_coordinate()
    if coordinate is None:  # this process is not among those of the mesh
        return True
    for mine, placement in zip(coordinate, array.placements, strict=True):
        if placement.is_partial():
            rule = "must have values, and no sums that are yet to be made"
            raise must("array", rule, array.placements, "array.full_tensor(), or redistribute it")
        if placement.is_replicate() and mine:
            return True
    return False


def parts(array: Any) -> Iterator[tuple[Any, tuple[slice, ...]]]:
    """Views of what this process holds, and the index of each in the global array.

    There is one, but where an axis is sharded twice there may be several; and none for a process
    without elements.
    """
    local = held(array)
    if not local.numel():
        return
    if has_memory(local) and in_make_fx():
        # It follows the DTensor, and would not see that what is inside of it is written.
        raise must_be_type(
            "out",
            "must be no DTensor while make_fx follows operations on its values",
            type(array),
            "out=out.to_local(), with its index= and global_shape=",
        )
    places = [_places(array, axis) for axis in range(array.ndim)]
    shape = tuple(sum(map(len, runs)) for runs in places)
    if tuple(local.shape) != shape:
        raise must(
            "out",
            f"must hold a part of the shape {shape}, as its placements {array.placements} say",
            tuple(local.shape),
            "out=out.to_local(), with its index= and global_shape=",
        )
    for runs in itertools.product(*(zip(_views(each), each, strict=True) for each in places)):
        views, index = zip(*runs, strict=True) if runs else ((), ())
        yield local[views], tuple(slice(run.start, run.stop) for run in index)


def _places(array: Any, axis: int) -> list[range]:
    """The places of an axis that this process holds, in runs."""
    from torch.distributed.tensor import Shard

    coordinate = array.device_mesh.get_coordinate()
    numbers: Any = range(array.shape[axis])
    for n, placement in enumerate(array.placements):
        if getattr(placement, "dim", None) != axis:
            continue
        pieces, mine = array.device_mesh.size(n), coordinate[n]
        if type(placement) is Shard and isinstance(numbers, range):
            size = -(-len(numbers) // pieces)
            numbers = numbers[size * mine : size * (mine + 1)]
            continue
        # Other ways to cut are left to torch, with the numbers of the places as the array.
        along = [-1 if other == axis else 1 for other in range(array.ndim)]
        cut, _ = placement._split_tensor(
            torch.as_tensor(numbers, device="cpu").reshape(along),
            pieces,
            with_padding=False,
            contiguous=False,
        )
        numbers = cut[mine].reshape(-1)
    return [numbers] if isinstance(numbers, range) else _runs(numbers.numpy())


def _runs(numbers: Any) -> list[range]:
    """Ascending numbers as runs of neighbours."""
    breaks = np.flatnonzero(np.diff(numbers) != 1) + 1
    return [range(int(run[0]), int(run[-1]) + 1) for run in np.split(numbers, breaks) if run.size]


def _views(runs: list[range]) -> list[slice]:
    """Where runs lie when they are put one after the other."""
    ends = list(itertools.accumulate(map(len, runs), initial=0))
    return [slice(start, stop) for start, stop in itertools.pairwise(ends)]
