"""What this process has of an array, as a sum."""

from __future__ import annotations

from typing import Any

import numpy as np

from agnostic_init.arrays.dtypes import DTYPES
from agnostic_init.arrays.errors import must
from agnostic_init.arrays.libraries.numpy import storage_view
from agnostic_init.arrays.library import Library
from agnostic_init.bits.block import Block
from agnostic_init.draws.engines.native import available
from agnostic_init.fingerprints.native import of_memory
from agnostic_init.fingerprints.operations import sums
from agnostic_init.fingerprints.value import NONE, Fingerprint

__all__ = ["of_array", "of_host"]

ON_HOST = 1 << 15  # elements of a piece, with all that is computed of them in cache
ON_DEVICE = 1 << 24
LARGEST = 16  # bytes of an element
LONG = np.dtype(np.longdouble).name if np.dtype(np.longdouble).itemsize > 8 else ""


def of_array(array: Any, library: Library, block: Block) -> Fingerprint:
    """That of an array that is `block` of a whole; of a sharded one, of what this process counts."""
    name = library.dtype_name(array.dtype)
    if name not in DTYPES or DTYPES[name].itemsize > LARGEST or name == LONG:
        raise must("dtype", "must be one of numbers of at most 64 bits a real", name, "a cast")
    total = NONE
    for view, index in library.counted(array):
        if view is None:
            rule = "must be memory whose rows can be seen apart"
            raise must("array", rule, type(array), "a contiguous array")
        part = block if index is None else block.part(index)
        total += _of_view(view, library.of_parts or library, part, DTYPES[name].storage)
    return total


def _of_view(view: Any, library: Library, block: Block, storage: str) -> Fingerprint:
    if isinstance(view, np.ndarray | np.generic):
        return of_host(storage_view(np.asarray(view)).view(storage), block)
    memory = library.host_memory(view)
    if memory is not None:
        return of_host(memory.seen_by_numpy(storage, view), block)
    words = library.bits_of(view)
    if words is None:
        return of_host(library.to_host(view).view(storage), block)
    pieces = sums(words, block, library.xp, library.device_of(view), ON_DEVICE)
    lanes = [each for four in pieces for each in four]
    return _added(library.to_host(library.xp.stack(lanes)).tolist()) if lanes else NONE


def of_host(view: Any, block: Block) -> Fingerprint:
    """That of an array of NumPy's own dtypes."""
    if available():
        return of_memory(view, block)
    if view.itemsize < 4:
        words = view.view(f"uint{8 * view.itemsize}").astype(np.uint32)
    elif view.itemsize == 4:
        words = view.view(np.uint32)
    else:
        words = np.ascontiguousarray(view).reshape(*view.shape, 1).view(np.uint32)
    lanes = [int(each) for four in sums(words, block, np, None, ON_HOST) for each in four]
    return _added(lanes)


def _added(lanes: list[int]) -> Fingerprint:
    a, b, c, d = (sum(lanes[n::4]) % (1 << 32) for n in range(4))
    return Fingerprint((a, b, c, d))
