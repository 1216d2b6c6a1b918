"""The keys that torch's default generator gives: 64 of its bits each."""

from __future__ import annotations

import torch

from agnostic_init.arrays.errors import must
from agnostic_init.arrays.libraries.torch_shards import agreed, is_sharded
from agnostic_init.arrays.libraries.torch_tracing import has_address
from agnostic_init.bits.key import Key
from agnostic_init.compat.torch_init.refusing import RefusedError

__all__ = ["next_key"]


def next_key(tensor: torch.Tensor | None) -> Key:
    """The next key of the generator of a tensor's device; the host's for arrays of other libraries."""
    device = "cpu" if tensor is None else tensor.device
    words = torch.randint(0, 1 << 32, (2,), dtype=torch.int64, device=device)
    if not has_address(words):
        rule = "must be given where torch follows operations on tensors without values"
        raise RefusedError(str(must("generator", rule, None, "generator=0")))
    if tensor is not None and is_sharded(tensor):
        words = agreed(words, tensor)
    low, high = words.tolist()
    return Key(high << 32 | low)
