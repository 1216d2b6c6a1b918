"""torch: the singular vectors of a weight that spectral normalization keeps, found again."""

from __future__ import annotations

from typing import Any

import torch

from agnostic_init.bits.key import Key
from agnostic_init.initializers.random import normal

__all__ = ["find_again"]

ITERATIONS = 15  # as torch does when the normalization is applied
SMALL = 1e-12


def find_again(matrix: Any, u: Any, v: Any, key: Key) -> None:
    """Write a matrix's first singular vectors, found by iteration from noise, into `u` and `v`."""
    normal().fill(v, key=key)
    with torch.no_grad():
        for _ in range(ITERATIONS):
            u.copy_(torch.nn.functional.normalize(torch.mv(matrix, v), dim=0, eps=SMALL))
            v.copy_(torch.nn.functional.normalize(torch.mv(matrix.mH, u), dim=0, eps=SMALL))
