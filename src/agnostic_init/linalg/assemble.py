"""The reference: orthogonal matrices of reflectors, in array operations that write into nothing.

The panels are applied from the last to the first, each to the columns from its own first one on,
where the product of those after it is not yet the identity. That takes ``2 m n^2 - 2/3 n^3``
operations, all but a few of them in matrix products, and no factorization.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agnostic_init.linalg.haar import Haar
from agnostic_init.linalg.panels import block_factor
from agnostic_init.linalg.reflectors import conjugate, identity_like, normalized

__all__ = ["assemble", "with_determinant_one"]


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
    for start, stop in haar.panels(width):
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
