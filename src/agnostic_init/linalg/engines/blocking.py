"""How the reflectors of matrices are parted on a GPU: into panels, and into sections of panels."""

from __future__ import annotations

import math
from dataclasses import dataclass

from agnostic_init.linalg.haar import Haar

__all__ = ["WORKSPACE", "Blocking", "blocking"]

WORKSPACE = 1 << 24  # elements: the vectors of a section, and as many more
LEAST, MOST = 32, 256  # vectors a panel
BUSY = 1 << 21  # elements whose products take a GPU longer than the starting of its kernels


@dataclass(frozen=True, slots=True)
class Blocking:
    """The number of vectors in a panel, a power of two, and in a section, a multiple of that."""

    width: int
    height: int

    def padded(self, count: int) -> int:
        """The number of vectors in whole panels."""
        return -(-count // self.width) * self.width


def blocking(haar: Haar) -> Blocking:
    """What is fastest by the model in ``bench/panels/model.py``, within the workspace.

    Where that would be less than an eighth of the matrices it may be an eighth, and twice as much
    for all: large ones take 1.3 times their memory.
    """
    part = haar.short // (2 if haar.size < BUSY else 4)
    width = min(max(_power(part), LEAST), MOST, _power(2 * haar.short - 1))
    each = max(1, math.prod(haar.batch) * haar.long)  # elements of one vector of each matrix
    most = max(WORKSPACE // 2, haar.size // 8) // each // width * width
    whole = -(-haar.short // width) * width
    return Blocking(width, min(whole, max(width, most)))


def _power(number: int) -> int:
    """The power of two at or below a number."""
    return 1 << max(number, 1).bit_length() - 1
