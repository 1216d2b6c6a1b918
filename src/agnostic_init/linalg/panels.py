"""Products of reflectors as matrix products: the compact WY form of a panel.

``H_1 H_2 ... H_b = I - V T V^H`` with ``T = (D + striu(V^H V))^-1``, where D is the diagonal of
``|v|^2 / 2`` [1]_, [2]_. These are 1 but for rounding, and taking them as they are keeps that
rounding out of the product.

.. [1] Schreiber, Van Loan, "A storage-efficient WY representation for products of Householder
   transformations", SIAM J. Sci. Stat. Comput. 10 (1989) 53-57.
.. [2] Joffrain, Low, Quintana-Orti, van de Geijn, Van Zee, "Accumulating Householder
   transformations, revisited", ACM Trans. Math. Softw. 32 (2006) 169-179.
"""

from __future__ import annotations

from typing import Any

from agnostic_init.linalg.reflectors import conjugate, identity_like

__all__ = ["block_factor", "inverse_of_unit_triangle", "width_of_panels"]

LEAF = 4


def width_of_panels(short: int, most: int, least: int = 16) -> int:
    """The number of reflectors in a panel: the power of two near a quarter of all, within bounds."""
    return min(max(1 << (short // 4).bit_length() - 1 if short >= 4 else 1, least), most)


def block_factor(xp: Any, vectors: Any, halves: Any) -> Any:
    """``T`` of the columns ``v``, which are the rows of `vectors`, and of their ``|v|^2 / 2``."""
    above = xp.triu(xp.matmul(conjugate(xp, vectors), xp.matrix_transpose(vectors)), k=1)
    inverse = inverse_of_unit_triangle(xp, above / halves[..., :, None])
    return inverse / halves[..., None, :]


def inverse_of_unit_triangle(xp: Any, above: Any) -> Any:
    """``(I + above)^-1`` for strictly upper triangles, by halving: matrix products alone.

    ``[[A, B], [0, C]]^-1 = [[A', -A' B C'], [0, C']]``, with the two halves as one batch.
    """
    width = above.shape[-1]
    padded = 1 << (width - 1).bit_length() if width > 1 else 1
    if padded != width:
        wide = xp.concat([above, xp.zeros_like(above)[..., : padded - width]], axis=-1)
        tall = xp.concat([wide, xp.zeros_like(wide)[..., : padded - width, :]], axis=-2)
        return inverse_of_unit_triangle(xp, tall)[..., :width, :width]
    if width <= LEAF:
        identity = identity_like(xp, above)
        return xp.matmul(identity - above, identity + xp.matmul(above, above))
    half = width // 2
    corner = above[..., :half, half:]
    halves = xp.stack([above[..., :half, :half], above[..., half:, half:]], axis=0)
    both = inverse_of_unit_triangle(xp, halves)
    first, second = both[0, ...], both[1, ...]
    corner = -xp.matmul(first, xp.matmul(corner, second))
    top = xp.concat([first, corner], axis=-1)
    return xp.concat([top, xp.concat([xp.zeros_like(corner), second], axis=-1)], axis=-2)
