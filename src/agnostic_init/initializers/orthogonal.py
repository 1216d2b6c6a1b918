"""Orthogonal matrices, one for each stack, group and gate of a weight."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from agnostic_init.arrays.errors import AmbiguousLayoutError, must
from agnostic_init.arrays.target import Target
from agnostic_init.bits.block import Block
from agnostic_init.bits.key import Key
from agnostic_init.draws.distributions import checked_number
from agnostic_init.initializers.axes import Parts, check_layout, split_axes, split_matrix_axes
from agnostic_init.initializers.layout import Layout
from agnostic_init.initializers.registry import register
from agnostic_init.initializers.whole import Whole
from agnostic_init.linalg import select
from agnostic_init.linalg.haar import Haar

__all__ = ["orthogonal"]


@register
@dataclass(frozen=True, repr=False)
class orthogonal(Whole):
    """Haar-distributed orthogonal matrices, or unitary ones for a complex dtype.

    The weight is taken as a matrix of outputs by inputs and kernel places; the fewer of its rows
    and columns are orthonormal.

    Parameters
    ----------
    gain
        What the matrix is multiplied with.
    layout
        What the axes are, for weights of more than two: ``"torch"`` flattens as torch and MXNet do,
        ``"keras"`` as Keras, TensorFlow and JAX do. Stacks (``"b o i"``), numbers (``"(4 o) i"``
        for the gates of an LSTM) and groups each have a matrix of their own.
    groups
        The number of groups of a grouped convolution.
    special
        Whether square matrices shall have a determinant of 1, as rotations have.

    Raises
    ------
    ParameterError
        For shapes of fewer than two axes.
    AmbiguousLayoutError
        For shapes of more, where no layout is given.

    Notes
    -----
    The matrices are products of reflectors of normal vectors; see
    `agnostic_init.linalg.haar_matrices`. They are deterministic in key and shape and the same in
    every library to rounding. A block of a global array is cut from the whole.

    References
    ----------
    Saxe, McClelland, Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear
    neural networks", ICLR 2014, arXiv:1312.6120.

    Examples
    --------
    >>> import numpy as np
    >>> import agnostic_init as ai
    >>> w = ai.orthogonal()((3, 5), key=0)
    >>> bool(np.allclose(w @ w.T, np.eye(3), atol=1e-6))
    True
    >>> gates = ai.orthogonal(layout="(4 o) i")((32, 8), key=0).reshape(4, 8, 8)
    >>> bool(np.allclose(gates @ gates.swapaxes(1, 2), np.eye(8), atol=1e-5))
    True
    """

    lazily: ClassVar[bool] = True

    gain: float = 1.0
    layout: str | Layout | None = None
    groups: int = 1
    special: bool = False

    def __post_init__(self) -> None:
        layout, groups = check_layout(self.layout, self.groups)
        object.__setattr__(self, "gain", checked_number("gain", self.gain))
        object.__setattr__(self, "layout", layout)
        object.__setattr__(self, "groups", groups)
        object.__setattr__(self, "special", bool(self.special))

    def _check(self, shape: tuple[int, ...], dtype: str) -> None:
        self._haar(self._parts(shape), dtype)

    def _whole(self, shape: tuple[int, ...], key: Key, target: Target) -> Any:
        xp, parts = target.library.xp, self._parts(shape)
        place = Target(target.library, target.dtype, target.device)
        made = select.make(self._haar(parts, target.dtype), key, place)
        order = (*parts.order("b"), *parts.order("o"), *parts.order("i", "k"))
        if order == tuple(sorted(order)):
            return xp.reshape(made, shape)
        taken_apart = xp.reshape(made, tuple(parts.lengths[n] for n in order))
        back = tuple(order.index(n) for n in range(len(order)))
        return xp.reshape(xp.permute_dims(taken_apart, back), shape)

    def _fill(
        self, shape: tuple[int, ...], key: Key | None, part: Block, out: Any, library: Any
    ) -> None:
        """In the array's own memory, where that can be seen as matrices."""
        assert key is not None
        parts = self._parts(shape)
        haar = self._haar(parts, library.dtype_name(out.dtype))
        view = None
        if part.whole and haar.size:
            order = (*parts.order("b"), *parts.order("o"), *parts.order("i", "k"))
            view = library.rearranged(out, parts.lengths, order, haar.shape)
        if view is None:
            super()._fill(shape, key, part, out, library)
        else:
            select.fill(haar, key, view, library)

    def _parts(self, shape: tuple[int, ...]) -> Parts:
        if self.layout is not None:
            return split_axes(shape, self.layout, self.groups)
        if len(shape) < 2:
            raise must("shape", "must have two axes or more for an orthogonal matrix", shape)
        if len(shape) > 2:
            first, last = math.prod(shape[1:]), math.prod(shape[:-1])
            message = (
                f"`layout` must be given for shape {shape}, got None, as it decides which matrix is "
                f'orthogonal; try one of:\n  layout="torch": one of {shape[0]} x {first}\n'
                f'  layout="keras": one of {last} x {shape[-1]}\n'
                f'  layout="{"b " * (len(shape) - 2)}o i": {math.prod(shape[:-2])} of '
                f"{shape[-2]} x {shape[-1]}"
            )
            raise AmbiguousLayoutError(message)
        return split_matrix_axes(shape)

    def _haar(self, parts: Parts, dtype: str) -> Haar:
        stack = tuple(part.length for part in parts.of("b"))
        rows, columns = parts.size("o"), parts.size("i", "k")
        return Haar(
            (math.prod(stack),) if stack else (), rows, columns, dtype, self.gain, self.special
        )

    def _statistics(self, shape: tuple[int, ...], dtype: str) -> dict[str, Any]:
        haar = self._haar(self._parts(shape), dtype)
        return {
            "distribution": "unitary" if haar.is_complex else "orthogonal",
            "mean": 0.0,
            "std": abs(self.gain) / math.sqrt(max(haar.long, 1)),
            "low": None if haar.is_complex else -abs(self.gain),
            "high": None if haar.is_complex else abs(self.gain),
        }
