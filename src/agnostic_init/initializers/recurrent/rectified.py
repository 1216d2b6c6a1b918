"""Recurrent weights of networks of rectifiers: the identity, and a normalized positive definite matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from agnostic_init.arrays.dtypes import format_of
from agnostic_init.arrays.errors import must
from agnostic_init.arrays.target import Target
from agnostic_init.bits.block import block
from agnostic_init.bits.key import Key
from agnostic_init.draws.distributions import normal_draw
from agnostic_init.draws.make import make
from agnostic_init.initializers.blocks import Whole
from agnostic_init.initializers.deterministic import identity

__all__ = ["irnn", "np_rnn"]


def irnn(gain: float = 1.0) -> identity:
    """The recurrent weight of an IRNN: the identity, so that rectifiers begin by keeping their state.

    Short for ``identity(gain)``. The other weights are small normals, ``normal(std=0.001)`` in the
    paper, and biases zero.

    Parameters
    ----------
    gain
        The value on the diagonal: less than 1 to forget, as 0.01 in the paper's iRNN for speech.

    References
    ----------
    Le, Jaitly, Hinton, "A simple way to initialize recurrent networks of rectified linear units",
    2015, arXiv:1504.00941, section 2.

    Examples
    --------
    >>> import agnostic_init as ai
    >>> ai.irnn()((2, 2))
    array([[1., 0.],
           [0., 1.]], dtype=float32)
    """
    return identity(gain)


@dataclass(frozen=True, repr=False)
class np_rnn(Whole):
    """The recurrent weight of an np-RNN: a random positive definite matrix of largest eigenvalue 1.

    ``(A + I) / e``, where ``A = R^T R / N`` of standard normals R, and e is the largest eigenvalue of
    ``A + I``. One direction of the state is kept, and all others decay, so that a small change of
    the input stays small, where the identity of `irnn` keeps all.

    Raises
    ------
    ParameterError
        If the last two axes are not equally long; those before them are a stack.

    Notes
    -----
    The values depend on the key and the shape alone, and are the same in every library up to
    rounding.

    References
    ----------
    Talathi, Vartak, "Improving performance of recurrent neural network with relu nonlinearity", 2015,
    arXiv:1511.03771.

    Examples
    --------
    >>> import numpy as np
    >>> import agnostic_init as ai
    >>> eigenvalues = np.linalg.eigvalsh(ai.np_rnn()((64, 64), key=0))
    >>> bool(eigenvalues.min() > 0 and abs(eigenvalues.max() - 1) < 1e-5)
    True
    """

    def check(self, shape: tuple[int, ...], dtype: str) -> None:
        format_of(dtype)
        if len(shape) < 2 or shape[-1] != shape[-2]:
            raise must("shape", "must end in two equal lengths, (..., N, N)", shape)

    def make_whole(self, shape: tuple[int, ...], key: Key, target: Target) -> Any:
        library, xp, form = target.library, target.library.xp, format_of(target.dtype)
        wide = target.dtype if form.is_complex else form.compute
        place = Target(library, wide, target.device)
        normals = make(normal_draw(0.0, 1.0, wide), key, block(shape), place)
        with library.full_precision(target.device):
            turned = xp.matrix_transpose(normals)
            product = (xp.conj(turned) if form.is_complex else turned) @ normals
            eye = xp.eye(shape[-1], dtype=product.dtype, device=target.device)
            matrix = product / shape[-1] + eye
            largest = xp.linalg.eigvalsh(matrix)[..., -1]
        made = matrix / library.cast(largest, wide)[..., None, None]
        return library.cast(made, target.dtype)

    def statistics(self, shape: tuple[int, ...], dtype: str) -> dict[str, Any]:
        return {"distribution": "normalized positive definite", "low": -1.0, "high": 1.0}
