"""(key, position) -> 32-bit words: keys, the positions of a block, and Philox4x32-10."""

from __future__ import annotations

from agnostic_init.bits.key import Key, key

__all__ = ["Key", "key"]
