"""From Gaussian vectors to the reflectors that would have brought them onto the first axis.

A Gaussian matrix that is multiplied by a reflector is Gaussian again, so the vectors which a QR
factorization meets one after the other may as well be drawn fresh, and then no factorization is
needed [1]_, [2]_. To be Haar-distributed, the columns take the signs that make the diagonal of R
positive [3]_.

.. [1] Stewart, "The efficient generation of random orthogonal matrices with an application to
   condition estimators", SIAM J. Numer. Anal. 17 (1980) 403-409.
.. [2] Diaconis, Shahshahani, "The subgroup algorithm for generating uniform random variables",
   Probab. Eng. Inform. Sci. 1 (1987) 15-32.
.. [3] Mezzadri, "How to generate random matrices from the classical compact groups", Notices AMS 54
   (2007) 592-604, arXiv:math-ph/0609050.
"""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = ["Compact", "Reflectors", "compact", "conjugate", "identity_like", "normalized"]


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
    scale = (1.0 / xp.sqrt(norm * (norm + first)))[..., None]
    head = (head + diagonal * (phases * norm)[..., None]) * scale
    vectors = xp.concat([head, tail * scale], axis=-1)
    return Reflectors(vectors, _squares(xp, vectors) / 2.0, phases)


def compact(xp: Any, normals: Any) -> Compact:
    """The same reflectors with ``u = v / v_0`` and ``tau = 2 / |u|^2``.

    What is at place ``k`` of vector ``k`` and before, LAPACK does not read, so it is not set.
    """
    width = normals.shape[-2]
    head, tail = normals[..., :width], normals[..., width:]
    _, first, norm, phases = _measured(xp, xp.triu(head), tail)
    scale = (1.0 / (phases * (first + norm)))[..., None]
    rest = _squares(xp, xp.triu(head, k=1) * scale) + _squares(xp, tail * scale)
    return Compact(normals * scale, 2.0 / (1.0 + rest), phases)


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
    phases = xp.where(modulus == 0, xp.ones_like(first), first / safe)
    return diagonal, modulus, norm, phases


def _squares(xp: Any, rows: Any) -> Any:
    if xp.isdtype(rows.dtype, "complex floating"):
        return _squares(xp, xp.real(rows)) + _squares(xp, xp.imag(rows))
    return xp.sum(rows * rows, axis=-1)
