"""The fingerprint as a value."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from agnostic_init.arrays.errors import must, must_be_type
from agnostic_init.arrays.numbers import as_integer

__all__ = ["NONE", "Fingerprint", "of_tensor"]

LANES = 4
BITS = 32


@dataclass(frozen=True, slots=True, repr=False)
class Fingerprint:
    """128 bits that say what an array or a tree holds. Those of parts add up to that of the whole.

    Attributes
    ----------
    words
        Four integers of 32 bits, each of which adds mod 2^32.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> import numpy as np
    >>> whole = np.arange(12.0).reshape(3, 4)
    >>> parts = [
    ...     ai.fingerprint(whole[:, rows], index=(slice(None), rows), global_shape=(3, 4))
    ...     for rows in (slice(0, 3), slice(3, 4))
    ... ]
    >>> parts[0] + parts[1] == ai.fingerprint(whole)
    True
    >>> print(ai.fingerprint(whole))
    c4bf370bbea71870c6bb0218d9cb0c10
    """

    words: tuple[int, int, int, int]

    @staticmethod
    def of(text: str) -> Fingerprint:
        """The one that is written so: 32 hexadecimal digits."""
        if not isinstance(text, str):
            raise must_be_type("text", "must be a string of 32 hexadecimal digits", text)
        if len(text) != LANES * BITS // 4 or not all(c in "0123456789abcdef" for c in text):
            raise must("text", "must be 32 hexadecimal digits", text)
        a, b, c, d = (int(text[n : n + 8], 16) for n in range(0, 32, 8))
        return Fingerprint((a, b, c, d))

    def __add__(self, other: Any) -> Fingerprint:
        if not isinstance(other, Fingerprint):
            return NotImplemented
        a, b, c, d = ((x + y) % (1 << BITS) for x, y in zip(self.words, other.words, strict=True))
        return Fingerprint((a, b, c, d))

    def __radd__(self, other: Any) -> Fingerprint:
        """So that `sum` adds them, which begins at 0."""
        return self if as_integer(other) == 0 else NotImplemented

    def __str__(self) -> str:
        return "".join(f"{word:08x}" for word in self.words)

    def __repr__(self) -> str:
        return f"Fingerprint.of({str(self)!r})"


NONE = Fingerprint((0, 0, 0, 0))


def of_tensor(name: str, dtype: str, shape: tuple[int, ...], values: Fingerprint) -> Fingerprint:
    """What a tensor adds to the fingerprint of a tree: its name, dtype and shape count too."""
    head = json.dumps([name, dtype, list(shape)], separators=(",", ":")).encode()
    data = b"".join(word.to_bytes(4, "little") for word in values.words)
    digest = hashlib.blake2b(head + data, digest_size=16).digest()
    a, b, c, d = (int.from_bytes(digest[n : n + 4], "little") for n in range(0, 16, 4))
    return Fingerprint((a, b, c, d))
