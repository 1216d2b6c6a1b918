"""The reference: orthogonal matrices of reflectors, in array operations that write into nothing.

The panels are applied from the last to the first, each to the columns from its own first one on,
where the product of those after it is not yet the identity. That takes ``2 m n^2 - 2/3 n^3``
operations, all but a few of them in matrix products, and no factorization.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agnostic_init.arrays.library import Library
from agnostic_init.arrays.target import Target
from agnostic_init.bits.key import Key
from agnostic_init.draws.make import make as make_draw
from agnostic_init.linalg.haar import Haar
from agnostic_init.linalg.reflectors import (
    block_factor,
    conjugate,
    identity_like,
    normalized,
    panels,
    width_of_panels,
)

__all__ = ["assemble", "make", "with_determinant_one"]

MOST = 128  # vectors a panel


def make(haar: Haar, key: Key, library: Library, device: Any, most: int = MOST) -> Any:
    """New matrices."""
    xp = library.xp
    place = Target(library, haar.compute, device)
    width = width_of_panels(haar.short, most)

    def draw(start: int, stop: int) -> Any:
        return make_draw(haar.draw, key, haar.normals(start, stop), place)

    if not haar.size:
        return xp.zeros(haar.shape, dtype=library.dtype(haar.dtype), device=device)
    with library.full_precision(device):
        tall = assemble(xp, haar, draw, width)
    return library.cast(xp.matrix_transpose(tall) if haar.wide else tall, haar.dtype)


def assemble(xp: Any, haar: Haar, draw: Callable[[int, int], Any], width: int) -> Any:
    """The matrices, as tall ones.

    Parameters
    ----------
    xp
        The array namespace.
    haar
        What is made.
    draw
        The normals of vectors `start` to `stop`, from place `start` on.
    width
        Vectors a panel.
    """
    found = None
    determinant: Any = 1.0
    for start, stop in panels(haar.short, width):
        vectors, halves, phases = normalized(xp, draw(start, stop))
        inverse = block_factor(xp, vectors, halves)
        head, tail = vectors[..., : stop - start], vectors[..., stop - start :]
        diagonal = identity_like(xp, head) * (phases * -haar.gain)[..., None]
        tall = xp.matrix_transpose(vectors)
        own = xp.matmul(tall, xp.matmul(inverse, xp.matmul(conjugate(xp, head), diagonal)))
        left = xp.concat(
            [diagonal - own[..., : stop - start, :], -own[..., stop - start :, :]], axis=-2
        )
        if found is None:
            found = left
        else:
            product = xp.matmul(inverse, xp.matmul(conjugate(xp, tail), found))
            top = -xp.matmul(xp.matrix_transpose(head), product)
            rest = found - xp.matmul(xp.matrix_transpose(tail), product)
            found = xp.concat([left, xp.concat([top, rest], axis=-2)], axis=-1)
        if haar.special:
            determinant = determinant * xp.prod(phases, axis=-1)
    if haar.special and found is not None:
        return with_determinant_one(xp, found, determinant)
    return found


def with_determinant_one(xp: Any, matrices: Any, determinant: Any) -> Any:
    """The matrices with their last column divided by the determinant, which is of modulus 1."""
    last = matrices[..., -1:] * conjugate(xp, determinant)[..., None, None]
    return xp.concat([matrices[..., :-1], last], axis=-1)
