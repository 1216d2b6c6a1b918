"""Any library: the reference, in the operations of the standard."""

from __future__ import annotations

from typing import Any

from agnostic_init.arrays.target import Target
from agnostic_init.bits.key import Key
from agnostic_init.linalg.assemble import assemble
from agnostic_init.linalg.haar import Haar
from agnostic_init.linalg.panels import width_of_panels

__all__ = ["make"]


def make(haar: Haar, key: Key, target: Target, most: int = 128) -> Any:
    """New matrices."""
    library = target.library
    xp = library.xp
    if not haar.size:
        return xp.zeros(haar.shape, dtype=library.dtype(haar.dtype), device=target.device)
    width = width_of_panels(haar.short, most)
    tall = assemble(xp, haar, lambda start, stop: haar.draw(key, start, stop, target), width)
    return library.cast(xp.matrix_transpose(tall) if haar.wide else tall, haar.dtype)
