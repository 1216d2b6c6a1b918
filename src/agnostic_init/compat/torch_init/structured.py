"""Identities, orthogonal and sparse matrices, as in ``torch.nn.init``."""

from __future__ import annotations

import math
from typing import Any

from agnostic_init.arrays.errors import ParameterError, must
from agnostic_init.arrays.numbers import positive_integer, real_number
from agnostic_init.arrays.untraced import untraced
from agnostic_init.compat.torch_init.refusing import refused
from agnostic_init.compat.torch_init.writing import kept, number, shape_of, write
from agnostic_init.initializers.base import Initializer
from agnostic_init.initializers.deterministic import dirac, identity
from agnostic_init.initializers.orthogonal import orthogonal
from agnostic_init.initializers.sparse import sparse

__all__ = [
    "dirac_",
    "dirac_of",
    "eye_",
    "eye_of",
    "orthogonal_",
    "orthogonal_of",
    "sparse_",
    "sparse_of",
]


def eye_of(tensor: Any) -> Initializer:
    """What `eye_` fills a matrix with."""
    _matrix(tensor)
    return identity()


def dirac_of(tensor: Any, groups: int = 1) -> Initializer:
    """What `dirac_` fills a tensor with."""
    shape = shape_of(tensor)
    if len(shape) not in {3, 4, 5}:
        raise must("tensor", "must have 3, 4 or 5 dimensions", shape)
    count = positive_integer("groups", number(groups))
    if shape[0] % count:
        raise must("groups", f"must divide the length of axis 0, which is {shape[0]}", groups)
    return dirac(count)


def orthogonal_of(tensor: Any, gain: Any = 1) -> Initializer:
    """What `orthogonal_` fills a tensor with."""
    shape = shape_of(tensor)
    if len(shape) < 2:
        raise must("tensor", "must have at least 2 dimensions", shape)
    return _orthogonal(gain)


@kept
def _orthogonal(gain: Any) -> Initializer:
    try:
        return orthogonal(gain, layout="torch")
    except ParameterError as error:
        raise refused(error) from None


def sparse_of(tensor: Any, sparsity: float, std: Any = 0.01) -> Initializer:
    """What `sparse_` fills a matrix with."""
    rows, _ = _matrix(tensor)
    try:
        part = real_number("sparsity", number(sparsity))
        # Torch's number of zeros, of whose rounding up the last bit of a float decides.
        zeros = math.ceil(min(part * rows, rows))
        return sparse(zeros / max(rows, 1), number(std))
    except ParameterError as error:
        raise refused(error) from None


@untraced
def eye_(tensor: Any) -> Any:
    """Fill a matrix, of any dtype, with ones on its diagonal and zeros elsewhere.

    Examples
    --------
    >>> import numpy as np
    >>> eye_(np.empty((2, 3)))
    array([[1., 0., 0.],
           [0., 1., 0.]])
    """
    return write(eye_of(tensor), tensor)


@untraced
def dirac_(tensor: Any, groups: int = 1) -> Any:
    """Fill the weight of a convolution so that it returns as many of its channels as it can.

    Parameters
    ----------
    tensor
        A tensor of torch or a writable array, of 3, 4 or 5 dimensions.
    groups
        The number of groups of the convolution, each of which returns its channels.

    Notes
    -----
    The ones stand at index ``k // 2`` of a kernel of length ``k``, as in torch, which for an even
    ``k`` and padding "same" is one beside the middle.

    Examples
    --------
    >>> import numpy as np
    >>> dirac_(np.empty((2, 2, 3)))[1]
    array([[0., 0., 0.],
           [0., 1., 0.]])
    """
    return write(dirac_of(tensor, groups), tensor)


@untraced
def orthogonal_(tensor: Any, gain: float = 1, generator: Any = None) -> Any:
    """Fill a tensor with a matrix of orthonormal rows or columns, whichever are fewer.

    Parameters
    ----------
    tensor
        A tensor of torch or a writable array, of two dimensions or more, seen as the matrix of its
        first axis and all others.
    gain
        A factor of the values.
    generator
        See `agnostic_init.compat.torch_init`.

    Notes
    -----
    Unlike torch's it takes every floating-point dtype, complex ones (then it is unitary) and small
    ones (rounded once), and tensors of any memory order.

    Examples
    --------
    >>> import numpy as np
    >>> w = orthogonal_(np.empty((3, 5)), generator=0)
    >>> bool(np.allclose(w @ w.T, np.eye(3)))
    True
    """
    return write(orthogonal_of(tensor, gain), tensor, generator)


@untraced
def sparse_(tensor: Any, sparsity: float, std: float = 0.01, generator: Any = None) -> Any:
    """Fill a matrix with normal values, and the same number of zeros in every column.

    Parameters
    ----------
    tensor
        A tensor of torch or a writable array, of two dimensions.
    sparsity
        The part of each column that is zero, rounded up to whole elements.
    std
        Of the other elements.
    generator
        See `agnostic_init.compat.torch_init`. It governs both the values and which are zero.

    Examples
    --------
    >>> import numpy as np
    >>> (sparse_(np.empty((4, 3)), 0.3, generator=0) == 0).sum(axis=0)
    array([2, 2, 2])
    """
    return write(sparse_of(tensor, sparsity, std), tensor, generator)


def _matrix(tensor: Any) -> tuple[int, int]:
    shape = shape_of(tensor)
    if len(shape) != 2:
        raise must("tensor", "must have 2 dimensions", shape)
    return shape[0], shape[1]
