"""Random orthogonal and unitary matrices, as arrays of any library."""

from __future__ import annotations

from typing import Any

from agnostic_init.arrays.errors import must
from agnostic_init.arrays.numbers import real_number
from agnostic_init.arrays.target import resolve
from agnostic_init.arrays.untraced import untraced
from agnostic_init.bits.block import checked_shape
from agnostic_init.bits.key import key as make_key
from agnostic_init.linalg.haar import Haar
from agnostic_init.linalg.make import make

__all__ = ["haar_matrices"]


@untraced
def haar_matrices(
    shape: Any,
    gain: float = 1.0,
    *,
    special: bool = False,
    key: Any,
    like: Any = None,
    xp: Any = None,
    dtype: Any = None,
    device: Any = None,
) -> Any:
    """Random matrices of the Haar distribution: orthogonal ones, or unitary for a complex dtype.

    Parameters
    ----------
    shape
        ``(..., m, n)``. Where ``m >= n`` the columns are orthonormal, otherwise the rows. Axes
        before the last two are a batch of independent matrices.
    gain
        What the matrices are multiplied with.
    special
        Whether square matrices shall have a determinant of 1: SO(n) or SU(n) in place of O(n) or
        U(n).
    key
        Anything that `agnostic_init.key` takes. There is no default.
    like, xp, dtype, device
        The array library, dtype and device; float32 in NumPy where nothing is given. bfloat16 and
        float16 are computed in float32 and rounded once.

    Returns
    -------
    array
        Deterministic in key and shape; equal in all libraries to rounding, not to the bit.

    Raises
    ------
    ParameterError, ParameterTypeError
        If a parameter has a value or a type that makes no sense; the message names it.

    Notes
    -----
    ``Q = H_1 H_2 ... H_n diag(-s)``, where ``H_k`` is the reflector that brings a normal vector of
    ``m - k + 1`` entries and phase ``s_k`` onto its first axis [1]_. Nothing is factorized; the cost
    is that of ``2 m n^2 - 2/3 n^3`` operations in matrix products, half of that of a QR
    factorization and of forming its Q. For one key, a wide matrix is the transpose of the tall one,
    and a tall matrix is the first columns of one with more columns.

    .. [1] Stewart, "The efficient generation of random orthogonal matrices with an application to
       condition estimators", SIAM J. Numer. Anal. 17 (1980) 403-409.

    Examples
    --------
    >>> import numpy as np
    >>> from agnostic_init.linalg import haar_matrices
    >>> q = haar_matrices((5, 3), key=0)
    >>> bool(np.allclose(q.T @ q, np.eye(3), atol=1e-6))
    True
    >>> rotations = haar_matrices((10, 3, 3), special=True, dtype="float64", key=0)
    >>> bool(np.allclose(np.linalg.det(rotations), 1))
    True
    """
    lengths = checked_shape(shape)
    if len(lengths) < 2:
        raise must("shape", "must have two axes or more", lengths, "(..., m, n)")
    target = resolve(like, xp, dtype, device, lengths)
    haar = Haar(
        batch=lengths[:-2],
        rows=lengths[-2],
        columns=lengths[-1],
        dtype=target.dtype,
        gain=real_number("gain", gain),
        special=bool(special),
    )
    with target.library.on(target.device):
        return make(haar, make_key(key), target)
