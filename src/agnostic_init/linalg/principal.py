"""The principal part of a weight as a low-rank product, and what is left of it."""

from __future__ import annotations

from typing import Any, NamedTuple

from agnostic_init.arrays.dtypes import DTYPES
from agnostic_init.arrays.errors import Wording, must, must_be_type
from agnostic_init.arrays.numbers import positive_integer, real_number
from agnostic_init.arrays.target import library_of
from agnostic_init.arrays.untraced import untraced

__all__ = ["PrincipalParts", "pissa"]


class PrincipalParts(NamedTuple):
    """A weight as ``residual + scaling * b @ a``.

    Attributes
    ----------
    a
        (..., rank, inputs).
    b
        (..., outputs, rank).
    residual
        (..., outputs, inputs).
    """

    a: Any
    b: Any
    residual: Any


@untraced
def pissa(weight: Any, rank: int, *, scaling: float = 1.0) -> PrincipalParts:
    """PiSSA: a low-rank pair of a weight's largest singular values, and the rest, which is frozen.

    Unlike LoRA's, the pair begins with what matters most in the weight, and the model computes what
    it did.

    Parameters
    ----------
    weight
        A matrix (outputs, inputs) of any library, or a stack of them.
    rank
        How many singular values go into the pair.
    scaling
        What the model multiplies ``b @ a`` by, as alpha / rank.

    Returns
    -------
    PrincipalParts
        ``a = sqrt(S / scaling) V^T`` and ``b = U sqrt(S / scaling)`` of the first singular values,
        and ``residual``: arrays of the library, dtype and device of the weight. Signs are those for
        which the cubes of each row of `a` have a positive sum, so that they depend on no library.

    Raises
    ------
    ParameterError, ParameterTypeError
        If the weight is no matrix of real floats whose values are known, or has fewer singular
        values.

    Notes
    -----
    float16 and bfloat16 are computed in float32. `residual` is rounded last, so that the sum is the
    weight to rounding. In torch no gradient flows back to the weight.

    References
    ----------
    Meng, Wang, Zhang, "PiSSA: principal singular values and singular vectors adaptation of large
    language models", NeurIPS 2024, arXiv:2404.02948, equations 2 to 4.

    Examples
    --------
    >>> import numpy as np
    >>> import agnostic_init as ai
    >>> w = ai.normal()((6, 4), key=0)
    >>> a, b, residual = ai.linalg.pissa(w, 2)
    >>> a.shape, b.shape, bool(np.allclose(residual + b @ a, w, atol=1e-6))
    ((2, 4), (6, 2), True)
    """
    library = library_of(weight)
    dtype = library.dtype_name(weight.dtype)
    row, number, scale = (
        DTYPES[dtype],
        positive_integer("rank", rank),
        real_number("scaling", scaling),
    )
    if library.lazy or not library.readable(weight):
        hint = "an array that is computed, as weight.compute() of Dask's"
        raise must_be_type("weight", "must have values", type(weight), hint)
    if weight.ndim < 2 or row.is_integer or row.is_complex or row.itemsize < 2:
        rule = "must be a matrix of real floats of 16 bits or more, or a stack"
        raise must("weight", rule, f"shape {tuple(weight.shape)}, {dtype}")
    if number > min(weight.shape[-2:]):
        raise must("rank", f"must be at most {min(weight.shape[-2:])}, of this weight", rank)
    if scale <= 0:
        raise must("scaling", "must be positive", scaling)
    xp, device = library.xp, library.device_of(weight)
    with library.on(device), library.full_precision(device):
        wide = library.cast(library.without_gradient(weight), row.compute)
        if not bool(xp.all(xp.isfinite(wide))):
            raise must("weight", "must be finite", Wording("NaN or infinities"))
        u, s, vh = xp.linalg.svd(wide, full_matrices=False)
        u, s, vh = u[..., :number], s[..., :number], vh[..., :number, :]
        signs = xp.sum(vh**3, axis=-1) >= 0
        signs = library.cast(signs, row.compute) * 2 - 1
        root = xp.sqrt(s / scale)
        a = library.cast((root * signs)[..., None] * vh, dtype)
        b = library.cast(u * (root * signs)[..., None, :], dtype)
        product = xp.matmul(library.cast(b, row.compute), library.cast(a, row.compute))
        residual = library.cast(wide - scale * product, dtype)
    return PrincipalParts(a, b, residual)
