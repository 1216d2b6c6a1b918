"""The fingerprint of what files hold, a piece at a time."""

from __future__ import annotations

import os

from agnostic_init.arrays.errors import within
from agnostic_init.bits.block import block
from agnostic_init.fingerprints.arrays import of_host
from agnostic_init.fingerprints.value import NONE, Fingerprint, of_tensor
from agnostic_init.storage.checkpoint import Checkpoint, open_checkpoint

__all__ = ["of_file", "of_stored"]


def of_file(path: str | os.PathLike[str]) -> Fingerprint:
    """That of all tensors of a .safetensors file, of an index or of a folder with one."""
    found = open_checkpoint(path)
    total = NONE
    with within(str(found.path)):
        for name, stored in found.items():
            total += of_tensor(name, stored.dtype, stored.shape, of_stored(found, name))
    return total


def of_stored(found: Checkpoint, name: str) -> Fingerprint:
    """That of one tensor's values."""
    total = NONE
    for index, data in found.pieces(name):
        total += of_host(data, block(found[name].shape, index))
    return total
