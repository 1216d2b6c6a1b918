"""From Gaussian vectors to the reflectors that would have brought them onto the first axis, and their products.

A Gaussian matrix that is multiplied by a reflector is Gaussian again, so the vectors which a QR
factorization meets one after the other may as well be drawn fresh, and then no factorization is
needed [1]_, [2]_. To be Haar-distributed, the columns take the signs that make the diagonal of R
positive [3]_.

Products are matrix products: ``H_1 H_2 ... H_b = I - V T V^H`` with ``T = (D + striu(V^H V))^-1``,
where D is the diagonal of ``|v|^2 / 2`` [4]_, [5]_. These are 1 but for rounding, and taking them as
they are keeps that rounding out of the product.

.. [1] Stewart, "The efficient generation of random orthogonal matrices with an application to
   condition estimators", SIAM J. Numer. Anal. 17 (1980) 403-409.
.. [2] Diaconis, Shahshahani, "The subgroup algorithm for generating uniform random variables",
   Probab. Eng. Inform. Sci. 1 (1987) 15-32.
.. [3] Mezzadri, "How to generate random matrices from the classical compact groups", Notices AMS 54
   (2007) 592-604, arXiv:math-ph/0609050.
.. [4] Schreiber, Van Loan, "A storage-efficient WY representation for products of Householder
   transformations", SIAM J. Sci. Stat. Comput. 10 (1989) 53-57.
.. [5] Joffrain, Low, Quintana-Orti, van de Geijn, Van Zee, "Accumulating Householder
   transformations, revisited", ACM Trans. Math. Softw. 32 (2006) 169-179.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

__all__ = [
    "Compact",
    "Reflectors",
    "block_factor",
    "compact",
    "conjugate",
    "identity_like",
    "normalized",
    "panels",
    "width_of_panels",
]

LEAF = 4


class Reflectors(NamedTuple):
    """``H_k = I - v_k v_k^H / halves_k`` for the rows ``v_k``, and the phases of the ``x_k``."""

    vectors: Any
    halves: Any
    phases: Any


class Compact(NamedTuple):
    """``H_k = I - tau_k u_k u_k^H`` for the rows ``u_k``, as LAPACK has them: 1 at place ``k``."""

    vectors: Any
    tau: Any
    phases: Any


def normalized(xp: Any, normals: Any) -> Reflectors:
    """The reflectors of a panel, of which vector ``k`` begins at place ``k``.

    For ``x = normals[k, k:]``, of norm ``r`` and phase ``s = x_0 / |x_0|``, these are ``v = (x + s r
    e_0) / sqrt(r (r + |x_0|))``, so that ``H x = -s r e_0`` and ``halves = |v|^2 / 2`` is 1 to rounding.
    """
    width = normals.shape[-2]
    head, tail = xp.triu(normals[..., :width]), normals[..., width:]
    diagonal, first, norm, phases = _measured(xp, head, tail)
    scale = _like(xp, 1.0 / xp.sqrt(norm * (norm + first)), phases)[..., None]
    head = (head + diagonal * (phases * _like(xp, norm, phases))[..., None]) * scale
    vectors = xp.concat([head, tail * scale], axis=-1)
    return Reflectors(vectors, _squares(xp, vectors) / 2.0, phases)


def compact(xp: Any, normals: Any) -> Compact:
    """The same reflectors with ``u = v / v_0`` and ``tau = 2 / |u|^2``.

    What is at place ``k`` of vector ``k`` and before, LAPACK does not read, so it is not set.
    """
    width = normals.shape[-2]
    head, tail = normals[..., :width], normals[..., width:]
    _, first, norm, phases = _measured(xp, xp.triu(head), tail)
    scale = (1.0 / (phases * _like(xp, first + norm, phases)))[..., None]
    rest = _squares(xp, xp.triu(head, k=1) * scale) + _squares(xp, tail * scale)
    return Compact(normals * scale, _like(xp, 2.0 / (1.0 + rest), phases), phases)


def panels(short: int, width: int) -> Iterator[tuple[int, int]]:
    """The first and one past the last vector of each panel, from the last panel to the first."""
    for start in range((short - 1) // width * width, -1, -width):
        yield start, min(start + width, short)


def width_of_panels(short: int, most: int, least: int = 16) -> int:
    """The number of reflectors in a panel: the power of two near a quarter of all, within bounds."""
    return min(max(1 << (short // 4).bit_length() - 1 if short >= 4 else 1, least), most)


def block_factor(xp: Any, vectors: Any, halves: Any) -> Any:
    """``T`` of the columns ``v``, which are the rows of `vectors`, and of their ``|v|^2 / 2``."""
    above = xp.triu(xp.matmul(conjugate(xp, vectors), xp.matrix_transpose(vectors)), k=1)
    halves = _like(xp, halves, above)
    inverse = _inverse_of_unit_triangle(xp, above / halves[..., :, None])
    return inverse / halves[..., None, :]


def identity_like(xp: Any, square: Any) -> Any:
    """Identity matrices of the shape, dtype and device of an array."""
    return xp.tril(xp.triu(xp.ones_like(square)))


def conjugate(xp: Any, array: Any) -> Any:
    """The complex conjugate; a real array as it is."""
    return xp.conj(array) if xp.isdtype(array.dtype, "complex floating") else array


def _measured(xp: Any, head: Any, tail: Any) -> tuple[Any, Any, Any, Any]:
    """The identity, and of each vector its first modulus, its norm and its phase."""
    diagonal = identity_like(xp, head)
    first = xp.sum(head * diagonal, axis=-1)
    modulus = xp.abs(first)
    norm = xp.sqrt(_squares(xp, head) + _squares(xp, tail))
    one = xp.ones_like(modulus)
    safe = xp.where(modulus == 0, one, modulus)
    phases = xp.where(modulus == 0, xp.ones_like(first), first / _like(xp, safe, first))
    return diagonal, modulus, norm, phases


def _like(xp: Any, real: Any, array: Any) -> Any:
    """Real numbers in the dtype of an array: JAX may be told to promote none."""
    return xp.astype(real, array.dtype)


def _squares(xp: Any, rows: Any) -> Any:
    if xp.isdtype(rows.dtype, "complex floating"):
        return _squares(xp, xp.real(rows)) + _squares(xp, xp.imag(rows))
    return xp.sum(rows * rows, axis=-1)


def _inverse_of_unit_triangle(xp: Any, above: Any) -> Any:
    """``(I + above)^-1`` for strictly upper triangles, by halving: matrix products alone.

    ``[[A, B], [0, C]]^-1 = [[A', -A' B C'], [0, C']]``, with the two halves as one batch.
    """
    width = above.shape[-1]
    padded = 1 << (width - 1).bit_length() if width > 1 else 1
    if padded != width:
        wide = xp.concat([above, xp.zeros_like(above)[..., : padded - width]], axis=-1)
        tall = xp.concat([wide, xp.zeros_like(wide)[..., : padded - width, :]], axis=-2)
        return _inverse_of_unit_triangle(xp, tall)[..., :width, :width]
    if width <= LEAF:
        identity = identity_like(xp, above)
        return xp.matmul(identity - above, identity + xp.matmul(above, above))
    half = width // 2
    corner = above[..., :half, half:]
    halves = xp.stack([above[..., :half, :half], above[..., half:, half:]], axis=0)
    both = _inverse_of_unit_triangle(xp, halves)
    first, second = both[0, ...], both[1, ...]
    corner = -xp.matmul(first, xp.matmul(corner, second))
    top = xp.concat([first, corner], axis=-1)
    return xp.concat([top, xp.concat([xp.zeros_like(corner), second], axis=-1)], axis=-2)
